"""What is sent to a vendor as one batch, and what is asked for to stop one."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from uuid import UUID

from pydantic import Field, field_validator

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.jobtypes.generation.payload import GenerationPayload

MOST_ITEMS = 1_000
"""Of one job, all of whose answers are committed at once."""


class EconomyItem(Fact):
    """One text among those that are asked for together."""

    key: str = Field(min_length=1, max_length=255)
    """Names it in the result."""
    attempt: int = Field(default=1, ge=1)
    """Which try at it this is: earlier ones were in other jobs."""
    draw_key: str | None = None
    """As of `JobRequest`; the key stands in where it is None."""
    payload: GenerationPayload


class EconomyPayload(Fact):
    """Texts that are asked for together: all of one model, on one route."""

    items: tuple[EconomyItem, ...] = Field(min_length=1, max_length=MOST_ITEMS)

    @field_validator("items")
    @classmethod
    def _told_apart(cls, items: tuple[EconomyItem, ...]) -> tuple[EconomyItem, ...]:
        [(_, times)] = Counter(item.key for item in items).most_common(1)
        if times > 1:
            raise ValueError(f"should have a `key` each, and {times} of them have the same")
        return items


class StopPayload(Fact):
    """A job that was cancelled while its vendor worked: that one is told to stop."""

    job_id: UUID
    """The one that was cancelled."""
    model: str
    provider: str | None = None
    """As in the payload of its items."""
    attempts: int = Field(ge=1)
    """How often it was tried."""
    size: int = Field(ge=1, le=MOST_ITEMS)
    """Its items."""
    begun_at: datetime
    """When it was tried first."""
