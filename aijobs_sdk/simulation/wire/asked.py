"""What a request comes to, whichever vendor's words it was in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pydantic import JsonValue

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.providers.prompt_parts import tokens_beside_texts, tool_object
from aijobs_sdk.providers.tokens import estimate_tokens

ANY_OBJECT: Mapping[str, JsonValue] = {"type": "object", "properties": {"answer": {"type": "string"}}}
"""Stands for the schema of an answer that may be any object."""


class Tool(Fact):
    """A function that the model may ask the caller to call."""

    name: str
    description: str = ""
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
    other_tokens: int = 0
    """How much the model reads beside texts."""

    @property
    def read_tokens(self) -> int:
        """All that the model reads."""
        return estimate_tokens(self.context) + estimate_tokens(self.prompt) + self.other_tokens


def beside_texts(*, images: int, tools: Sequence[Tool], schema: Mapping[str, JsonValue] | None) -> int:
    """Return how many tokens pictures, all tools that are offered, and a schema of the caller's are."""
    objects = [tool_object(tool.name, tool.description, tool.parameters) for tool in tools]
    if schema is not None and schema is not ANY_OBJECT:
        objects.append(schema)
    return tokens_beside_texts(images=images, objects=objects)
