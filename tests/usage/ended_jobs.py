"""Jobs that are over, to hold usage against."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo
from aijobs_sdk.contract.job import Job
from usage.usage_rows import AUTHOR, TENANT

PROMPT = "Write about the merger that nobody knows of"


def completed(number: int = 1, **changes: object) -> Job:
    """Return a text job with id `number` that completed in January and cost 1.5 credits."""
    job = {
        "id": UUID(int=number),
        "tenant_id": TENANT,
        "user_id": AUTHOR,
        "type": "ai_generation",
        "status": "completed",
        "priority": "normal",
        "payload": {"prompt": PROMPT, "model": "gpt-5.2", "estimated_credits": "1.5"},
        "attempts": 1,
        "result": {"content": PROMPT, "model": "gpt-5.2", "provider": "openai", "credits_used": "1.500000"},
        "created_at": datetime(2026, 1, 22, 10, 14, tzinfo=UTC),
        "started_at": datetime(2026, 1, 22, 10, 14, 1, tzinfo=UTC),
        "completed_at": datetime(2026, 1, 22, 10, 15, tzinfo=UTC),
    }
    return Job.model_validate(job | changes)


def failed(number: int = 1, category: ErrorCategory = ErrorCategory.RATE_LIMIT, **changes: object) -> Job:
    """Return a job that ended without a result."""
    error = ErrorInfo(code="rate_limited", category=category, message="slow down", provider="openai")
    return completed(number, **({"status": "failed", "result": None, "error": error, "attempts": 3} | changes))
