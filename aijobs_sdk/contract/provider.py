"""The seam to whoever writes the text: a vendor's API, or the simulation."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Literal, Protocol
from uuid import UUID

from pydantic import Field

from aijobs_sdk.contract.model import Fact


class GenerationRequest(Fact):
    """One call for one text."""

    model: str
    """Our name for it, as in the table of models."""
    prompt: str
    system: str | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    tenant_id: UUID
    job_id: UUID
    attempt: int
    idempotency_token: str
    """The same for every attempt at this step of this job, so that a provider can tell a repeat."""
    draw_key: str
    """What a simulated answer hangs on (see `JobRequest.draw_key`)."""


class TextChunk(Fact):
    """Some more of the answer."""

    text: str


class Finished(Fact):
    """The answer is whole: the terminal marker, last in every good stream."""

    finish_reason: Literal["stop", "length"]
    input_tokens: int = Field(ge=0)
    output_tokens: int = Field(ge=0)


GenerationChunk = TextChunk | Finished


class Provider(Protocol):
    """Who does the work. Retries are not its business: one request, one try."""

    @property
    def name(self) -> str:
        """Return the vendor's name: `openai`, `anthropic`, `bedrock`, `vertex`."""
        ...

    def stream(self, request: GenerationRequest) -> AsyncGenerator[GenerationChunk]:
        """Yield the answer in pieces and then one `Finished`; closing the generator ends the call.

        Raises:
            ProviderError: whatever went wrong, translated.
        """
        ...
