"""What a job leaves behind besides its result: the document, its lineage, the usage row, a block's new text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, NamedTuple
from uuid import UUID

from pydantic import Field, JsonValue

from aijobs_sdk.contract.blocks import Block, BlockChange, DocumentConfiguration, Revision
from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo, shown_error
from aijobs_sdk.contract.job import JobRequest, Priority
from aijobs_sdk.contract.model import Fact, StoredJson
from aijobs_sdk.contract.pictures import gallery
from aijobs_sdk.contract.plain_text import PlainText
from aijobs_sdk.contract.showing import folded, heading, instant_text, known_facts, long_text
from aijobs_sdk.contract.suggestions import Suggestion
from aijobs_sdk.markup import markup

MONTH_PATTERN = r"^\d{4}-(0[1-9]|1[0-2])$"
"""A billing month, UTC: `2026-01`."""

Credits = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=6, allow_inf_nan=False)]
"""An exact amount; never a float on the way."""


class Document(Fact):
    """A text that a generation made, or a report that a person began, as a draft for its author."""

    id: UUID
    tenant_id: UUID
    author_id: UUID
    job_id: UUID | None
    """The job that made it; None where a person began it."""
    title: str
    content: str
    """Of a generation; what a report says is in its blocks."""
    status: Literal["draft"] = "draft"
    configuration: DocumentConfiguration | None = None
    """What jobs on its blocks go by; None for a text that a generation made, which has no blocks."""
    created_at: datetime

    def _repr_html_(self) -> str:
        made = {"document": self.id, "job": self.job_id, "created": instant_text(self.created_at)}
        is_a_text = self.configuration is None
        text = long_text(self.content, whole="content") if is_a_text else "What it says is in its blocks."
        return markup(heading(self.title, self.status), text, known_facts(made))


class NewDocument(NamedTuple):
    """A document that a person begins, with all that a store inserts for it."""

    document: Document
    blocks: tuple[Block, ...]
    revisions: tuple[Revision, ...]
    """Of the blocks that have a text already, one each."""


class LineageEvent(Fact):
    """How a document came to be. Appended once, never changed, never deleted."""

    id: UUID
    tenant_id: UUID
    document_id: UUID
    job_id: UUID
    kind: Literal["ai_generated"] = "ai_generated"
    model: str
    provider: str
    prompt_length: int
    """Characters, as `output_length`."""
    output_length: int
    actor_id: UUID
    at: datetime


class UsageRow(Fact):
    """One row of `query_usage`: what one completed job consumed and what it is billed at."""

    id: UUID
    tenant_id: UUID
    user_id: UUID
    query_type: str
    model: str
    provider: str
    input_tokens: int = Field(ge=0)
    output_tokens: int = Field(ge=0)
    credits_used: Credits
    metadata: Mapping[str, JsonValue] = Field(default_factory=dict)
    """`job_id`, `document_id`, `metered_credits` and what else the job type knows."""
    month_year: str = Field(pattern=MONTH_PATTERN)
    created_at: datetime


class Image(Fact):
    """A picture that a job made, by its address."""

    id: UUID
    tenant_id: UUID
    user_id: UUID
    job_id: UUID
    url: str
    media_type: str
    width: int = Field(ge=1)
    """Pixels, as `height`."""
    height: int = Field(ge=1)
    created_at: datetime

    def _repr_html_(self) -> str:
        return gallery([self])


class DeadLetter(Fact):
    """A job that failed for good, with all that is needed to understand it and to run it again."""

    job_id: UUID
    tenant_id: UUID
    user_id: UUID
    type: str
    priority: Priority
    payload: Mapping[str, StoredJson] = Field(repr=False)
    max_attempts: int
    errors: tuple[ErrorInfo, ...] = Field(min_length=1)
    """How each attempt failed, the last one last."""
    draw_key: str
    failed_at: datetime
    replayed_as: UUID | None = None
    """The job that a replay made of it, the newest where there are several."""

    @property
    def error(self) -> ErrorInfo:
        """What the job failed of."""
        return self.errors[-1]

    @property
    def replay_key(self) -> str:
        """The idempotency key of the next replay: all who replay the letter as it is here get one job."""
        return f"replay/{self.job_id}/{self.replayed_as or 'first'}"

    def _repr_html_(self) -> str:
        stood = {"failed": instant_text(self.failed_at), "replayed as": self.replayed_as}
        return markup(
            heading(f"Dead letter of job {self.job_id}", self.type),
            known_facts(stood),
            *map(shown_error, self.errors),
            folded("payload", self.payload),
        )

    def replay_request(self, *, idempotency_key: str | None = None) -> JobRequest:
        """Return the request for a new job that does the same once more."""
        return JobRequest(
            type=self.type,
            payload=self.payload,
            user_id=self.user_id,
            priority=self.priority,
            max_attempts=self.max_attempts,
            replay_of=self.job_id,
            idempotency_key=self.replay_key if idempotency_key is None else idempotency_key,
            # A draw of its own, or a simulated world would let it fail of the same once more.
            draw_key=f"{self.draw_key}/replay",
        )


class DeadLetterQuery(Fact):
    """Which of a tenant's dead letters to list, newest first."""

    category: ErrorCategory | None = None
    type: PlainText | None = None
    provider: PlainText | None = None
    region: PlainText | None = None
    replayed: bool | None = None
    """Only those that were replayed already, or only those that were not."""
    limit: int = Field(default=50, ge=1, le=1000)
    offset: int = Field(default=0, ge=0, le=2**31 - 1)


class Effects(Fact):
    """What is committed together with a completion, or not at all."""

    documents: tuple[Document, ...] = ()
    lineage: tuple[LineageEvent, ...] = ()
    usage: tuple[UsageRow, ...] = ()
    images: tuple[Image, ...] = ()
    blocks: tuple[BlockChange, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
