"""What a report is built of: the blocks of a document, every text that they have had, and what their jobs are told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, assert_never
from uuid import UUID

from pydantic import Field

from aijobs_sdk.contract.given import Given
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.plain_text import PlainText
from aijobs_sdk.contract.word import Word

MAX_BLOCKS = 1_000
"""Blocks of one document."""
MAX_CONTENT = 100_000
"""Characters of a block, as of any text that a model writes."""
Title = Annotated[str, Field(max_length=500)]
ContextText = Annotated[str, Field(min_length=1)]


class ContextKind(Word):
    """What a model may be told beside the block itself."""

    EVIDENCE = "evidence"
    GOALS = "goals"
    REVIEWS = "reviews"


class DocumentConfiguration(Given):
    """What jobs on a document's blocks go by."""

    model: PlainText | None = None
    """The model of jobs that name none; the first in the table of models that writes where this is None, too."""
    evidence: tuple[ContextText, ...] = ()
    """What the report may rest on, one text each."""
    goals: tuple[ContextText, ...] = ()
    """What it is for."""
    reviews: tuple[ContextText, ...] = ()
    """What readers said of it."""
    context: tuple[ContextKind, ...] = tuple(ContextKind)
    """Which of the three the model is given; the others are kept, and not told."""

    def given(self, kind: ContextKind) -> tuple[str, ...]:
        """Return the texts of one kind that the model is given: none where `context` does not name it."""
        if kind not in self.context:
            return ()
        match kind:
            case ContextKind.EVIDENCE:
                return self.evidence
            case ContextKind.GOALS:
                return self.goals
            case ContextKind.REVIEWS:
                return self.reviews
            case _:
                assert_never(kind)


class BlockRequest(Given):
    """A block to begin a document with."""

    title: Title = ""
    prompt: PlainText = ""
    """What `block_generate` fills it from, unless the job says something else."""
    content: Annotated[str, Field(max_length=MAX_CONTENT)] = ""
    """Markdown that is there already: it becomes the block's first revision."""


class DocumentRequest(Fact):
    """A document to begin, with blocks that jobs fill, refine and analyse."""

    title: Annotated[str, Field(min_length=1, max_length=500)]
    configuration: DocumentConfiguration = DocumentConfiguration()
    blocks: Annotated[tuple[BlockRequest, ...], Field(max_length=MAX_BLOCKS)] = ()
    author_id: UUID | None = None
    """On whose behalf, when that is not the caller."""
    idempotency_key: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    """The same key of the same tenant finds the document that it was begun with, and begins no other."""


class Block(Fact):
    """One part of a document, as it stands."""

    id: UUID
    tenant_id: UUID
    document_id: UUID
    position: int = Field(ge=1)
    """Its place in the document, from 1."""
    title: str
    prompt: str
    content: str
    """Markdown: that of the newest revision, nothing where there is none."""
    revision: int = Field(ge=0)
    """The number of the newest revision; 0: empty, as it was made."""
    created_at: datetime
    updated_at: datetime


RevisionKind = Literal["written", "generate", "refine"]
"""How a block came to a text: a person wrote it, or a job did."""


class Revision(Fact):
    """A text that a block has had. Added with each change, and never changed itself."""

    id: UUID
    tenant_id: UUID
    block_id: UUID
    number: int = Field(ge=1)
    """Which of the block's texts, dense from 1."""
    content: str
    kind: RevisionKind
    job_id: UUID | None
    """The job that made it; None where a person wrote it."""
    created_at: datetime


class BlockChange(Fact):
    """A new text for a block: the store numbers the revision that it leaves when it commits it."""

    revision_id: UUID
    tenant_id: UUID
    block_id: UUID
    content: str
    kind: RevisionKind
    job_id: UUID
    at: datetime

    def revision(self, number: int) -> Revision:
        """Return the revision that this change leaves, as the block's text of this number."""
        return Revision(
            id=self.revision_id,
            tenant_id=self.tenant_id,
            block_id=self.block_id,
            number=number,
            content=self.content,
            kind=self.kind,
            job_id=self.job_id,
            created_at=self.at,
        )
