"""What a request comes to, whichever vendor's words it was in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pydantic import JsonValue

from aijobs_sdk.contract.model import Fact


class Tool(Fact):
    """A function that the model may ask the caller to call."""

    name: str
    parameters: Mapping[str, JsonValue] = {}
    """The JSON schema of its arguments."""


class Asked(NamedTuple):
    """One request for an answer."""

    model_id: str
    """The vendor's name for the model, as the caller wrote it."""
    prompt: str
    """The last thing the user said: what the answer is about."""
    context: str = ""
    """All other text that the model reads: instructions and earlier turns."""
    max_output_tokens: int | None = None
    stop: tuple[str, ...] = ()
    stream: bool = False
    tools: tuple[Tool, ...] = ()
    """Those the model may call now: none where the caller forbids it, or has just answered a call."""
    schema_: Mapping[str, JsonValue] | None = None
    """What the answer has to fit: structured output."""
    thinking_tokens: int = 0
    """About how much the model thinks before it answers; 0 where it was not asked to."""
    cached_tokens: int = 0
    """How much of the input the caller marked as cached before."""
