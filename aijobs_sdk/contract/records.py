"""What a job leaves behind besides its result: the document, its lineage, the usage row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, JsonValue

from aijobs_sdk.contract.model import Fact

MONTH_PATTERN = r"^\d{4}-(0[1-9]|1[0-2])$"
"""A billing month, UTC: `2026-01`."""

Credits = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=6, allow_inf_nan=False)]
"""An exact amount; never a float on the way."""


class Document(Fact):
    """The text a generation made, as a draft for its author."""

    id: UUID
    tenant_id: UUID
    author_id: UUID
    job_id: UUID
    title: str
    content: str
    status: Literal["draft"] = "draft"
    created_at: datetime


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


class Effects(Fact):
    """What is committed together with a completion, or not at all."""

    documents: tuple[Document, ...] = ()
    lineage: tuple[LineageEvent, ...] = ()
    usage: tuple[UsageRow, ...] = ()
