"""What a text is made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, JsonValue, field_validator

from aijobs_sdk.contract.model import Fact, Verbatim
from aijobs_sdk.contract.provider import ImageInput, Message, ReasoningEffort, Tool
from aijobs_sdk.contract.records import Credits


def _holds_something(prompt: str) -> str:
    if not prompt.strip():
        raise ValueError("should hold more than white space")
    return prompt


Prompt = Annotated[str, Field(min_length=1), AfterValidator(_holds_something)]
"""What a model is asked, in words."""


StopText = Annotated[str, Field(min_length=1)]
"""Where it would come, the answer ends."""


def _names_its_call(message: Message) -> Message:
    if message.role == "tool" and not message.tool_call_id:
        raise ValueError("needs a `tool_call_id`, which names the call that it is the outcome of")
    return message


Turn = Annotated[Message, AfterValidator(_names_its_call)]
"""What was said before, as every vendor takes it."""


class WritingOptions(Fact):
    """How a text may be asked for, whatever it is about."""

    provider: str | None = None
    """Which of the model's routes to take; the first that is set up where it is None."""
    fallback: bool | tuple[str, ...] = False
    """Models that may answer during an outage, the best first; True: those that the table names for the model."""
    user_id: UUID | None = None
    """On whose behalf; the job's user where it is None."""
    estimated_credits: Credits | None = None
    """What the user was quoted, and is billed; from the price list where it is None."""
    max_credits: Credits | None = None
    """What one answer may cost by the price list: it is cut off where it would cost more."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    stop: tuple[StopText, ...] = ()
    seed: int | None = None
    reasoning_effort: ReasoningEffort | None = None
    stream: bool = True
    """Whether the text can be watched while it is written; without, it comes as a whole, for less work."""


class GenerationPayload(WritingOptions):
    """What a text is made from."""

    prompt: Prompt
    images: tuple[ImageInput, ...] = ()
    """Pictures that stand in the prompt, before its words."""
    messages: tuple[Turn, ...] = ()
    """What was said before the prompt, oldest first."""
    system: str | None = None
    model: str
    """A name from the table of models: `aijobs models`."""
    tools: tuple[Tool, ...] = ()
    output_schema: Annotated[Mapping[str, JsonValue], Verbatim()] | None = None
    """The JSON schema, of an object, that the answer has to fit."""
    keep_unfit: bool = False
    """Whether an answer that is no such object is a result all the same, without an `output`: it was paid for, and
    whoever asked decides what to do about it. Without, the job tries again."""

    @field_validator("output_schema")
    @classmethod
    def _describes_an_object(cls, schema: Mapping[str, JsonValue] | None) -> Mapping[str, JsonValue] | None:
        if schema is not None and schema.get("type") != "object":
            raise ValueError('should be the JSON schema of an object, `"type"` being `"object"`')
        return schema

    @field_validator("tools")
    @classmethod
    def _have_names_of_their_own(cls, tools: tuple[Tool, ...]) -> tuple[Tool, ...]:
        names = [tool.name for tool in tools]
        if len(set(names)) < len(names):
            raise ValueError("should have a name each, and two have the same")
        return tools
