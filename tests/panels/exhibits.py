"""One of everything that shows itself in a notebook, with the same text wherever a text can be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from aijobs_sdk.batch.failures import Failures
from aijobs_sdk.batch.progress import BatchProgress
from aijobs_sdk.batch.row import BatchRow, RowStatus
from aijobs_sdk.batch.showing import rows_table
from aijobs_sdk.connect.settings import Settings
from aijobs_sdk.connect.showing import standpoint
from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo, FieldProblem
from aijobs_sdk.contract.errors import (
    BatchPausedError,
    InvalidRequestError,
    JobFailedError,
    ProviderError,
    RateLimitedError,
)
from aijobs_sdk.contract.estimate import Estimate
from aijobs_sdk.contract.job import Job, JobStatus, Priority
from aijobs_sdk.contract.records import DeadLetter, Document, Image
from aijobs_sdk.contract.results import (
    AnalysisResult,
    BlockResult,
    Finding,
    GeneratedImage,
    GenerationResult,
    ImageResult,
    JobResult,
    ToolCallResult,
)
from aijobs_sdk.contract.suggestions import Suggestion
from aijobs_sdk.markup import Markup
from aijobs_sdk.usage.table import UsageTable

AT = datetime(2026, 1, 22, 10, tzinfo=UTC)
ID = UUID(int=7)


def exhibits(text: str) -> Mapping[str, Markup]:
    """Return what each of them shows, by its name."""
    error = ErrorInfo(
        code="refused",
        category=ErrorCategory.PROVIDER,
        message=text,
        provider=text,
        region=text,
        details={text: [text]},
    )
    job = Job(
        id=ID,
        tenant_id=ID,
        user_id=ID,
        type=text,
        status=JobStatus.FAILED,
        created_at=AT,
        priority=Priority.LOW,
        payload={text: text},
        result={text: {text: text}},
        error=error,
    )
    written = {
        "input_tokens": 1,
        "output_tokens": 2,
        "model": text,
        "provider": text,
        "finish_reason": text,
        "credits_used": Decimal("0.5"),
        "metered_credits": Decimal("0.5"),
        "document_id": ID,
    }
    about = {"id": ID, "tenant_id": ID, "user_id": ID, "document_id": ID, "job_id": ID, "created_at": AT}
    suggestion = Suggestion(**about, block_id=ID, model=text, provider=text, prompt_length=1, content=text, based_on=1)
    call = ToolCallResult(id=text, name=text, arguments={text: text})
    finding = Finding(kind=text, severity=text, message=text, quote=text)
    picture = GeneratedImage(id=ID, url=f"https://example.org/{text}", media_type=text, width=1, height=1)
    row = BatchRow(
        index=0,
        inputs={text: text},
        status=RowStatus.FAILED,
        content=text,
        output={text: text},
        error=error,
        model=text,
        finish_reason=text,
    )
    letter = {"job_id": ID, "type": text, "payload": {text: text}, "errors": (error,), "failed_at": AT}
    kept = {"id": ID, "tenant_id": ID, "job_id": ID, "created_at": AT}
    shown: Mapping[str, object] = {
        "generation": GenerationResult(**written, title=text, content=text, output=text, tool_calls=(call,)),
        "block": BlockResult(**written, block_id=ID, revision_id=ID, content=text),
        "suggestion": suggestion,
        "analysis": AnalysisResult(**written, block_id=ID, findings=(finding,)),
        "finding": finding,
        "images": ImageResult(**written, images=(picture,)),
        "any_result": JobResult(**{"kind": text, text: text}),
        "job": job,
        "error_info": error,
        "invalid": InvalidRequestError(text, fields=[FieldProblem(field=text, problem=text)]),
        "failed": JobFailedError(job, error),
        "provider": ProviderError(text, code=text, category=ErrorCategory.TIMEOUT, provider=text, retryable=True),
        "limited": RateLimitedError(text, retry_after_seconds=2.5),
        "paused": BatchPausedError(text, finished=1, total=2),
        "letter": DeadLetter(**letter, tenant_id=ID, user_id=ID, priority=Priority.LOW, max_attempts=3, draw_key=text),
        "document": Document(**kept, author_id=ID, title=text, content=text),
        "image": Image(**kept, user_id=ID, url=f"s3://{text}", media_type=text, width=1, height=1),
        "estimate": Estimate(
            model=text,
            provider=text,
            input_tokens=1,
            token_method=text,
            output_tokens=2,
            most_output_tokens=None,
            credits=Decimal(1),
            most_credits=None,
        ),
        "row": row,
        "failures": Failures([row]),
        "progress": BatchProgress(2, 0, 1, 1, 0, 1, 2, Decimal(1), 9.0, reason=text),
        "usage": UsageTable(columns=(text, "credits"), cells=((text, Decimal(1)),)),
    }
    html = {name: getattr(one, "_repr_html_")() for name, one in shown.items()}  # noqa: B009 - no type has it
    client = standpoint(Settings.read({"AIJOBS_URL": f"sqlite:///{text}"}))
    return {**html, "rows": rows_table([row]), "client": client.html("Client")}
