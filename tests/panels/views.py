"""Views of batches and jobs as a panel draws them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from aijobs_sdk.notebook.snapshot import BatchSnapshot, Cause, Command, JobSnapshot, Phase, Tail
from aijobs_sdk.notebook.view import View
from aijobs_sdk.notebook.words import worded

NOW = datetime(2026, 11, 26, 10, 21, 7, tzinfo=UTC)
CAUSES = (
    Cause(code="rate_limited", count=22, message="openai answered 429.", examples=(12, 88, 91)),
    Cause(code="timeout", count=15, message="No answer within 60 s.", examples=(7, 140, 203)),
)


def batch_view(**changed: Any) -> View:
    """Return a batch of 4,000 rows in its midst, in words."""
    return worded(batch_snapshot(**changed), 394.0, now=NOW)


def batch_snapshot(**changed: Any) -> BatchSnapshot:
    """Return a batch of 4,000 rows in its midst."""
    facts: dict[str, Any] = {
        "title": "captions-v3",
        "phase": Phase.RUNNING,
        "models": ("gpt-5.2",),
        "total": 4000,
        "completed": 1203,
        "failed": 37,
        "running": 16,
        "elapsed_seconds": 9.0,
        "input_tokens": 1_004_210,
        "output_tokens": 177_031,
        "credits": Decimal("26.04"),
        "budget": Decimal(500),
        "causes": CAUSES,
        "tail": Tail(
            label="row 1,240", text="A narrow boat lies at anchor below the bridge; on its deck a dog sleeps."
        ),
        "commands": (Command.PAUSE, Command.CANCEL, Command.RETRY_FAILED),
    }
    return BatchSnapshot(**{**facts, **changed})


def job_view(**changed: Any) -> View:
    """Return a job that writes."""
    facts: dict[str, Any] = {
        "title": "Job 7f3a0c1e",
        "phase": Phase.RUNNING,
        "model": "claude-sonnet-4.5",
        "percent": 42,
        "message": "writing",
        "attempt": 1,
        "max_attempts": 3,
        "tail": Tail(label="answer", text="An old silent pond. A frog jumps into it:\nthe sound of the water."),
        "commands": (Command.CANCEL,),
    }
    return worded(JobSnapshot(**{**facts, **changed}), None, now=NOW)
