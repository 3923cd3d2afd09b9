"""What a model answers, before any vendor words it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from pydantic import JsonValue

from aijobs_sdk.simulation.faults import Fault, Quirk
from aijobs_sdk.simulation.pieces import Pieces

FinishReason = Literal["stop", "length", "tool", "refusal"]
REFUSAL_PIECES = ("I'm sorry", ", but I can't", " help with that.")
REFUSAL = "".join(REFUSAL_PIECES)
"""What a model says that declines, at vendors who pass it on."""


class Answer(NamedTuple):
    """One answer, in the pieces and at the seconds (from the start of the call) in which a stream sends it."""

    id: str
    """Letters and digits that belong to this call alone; vendors put something in front of it."""
    request_id: str
    created: int
    """Unix seconds."""
    thinking: Pieces
    """What the model thought first; empty where it did not."""
    pieces: Pieces
    """Its words; with a tool, the JSON of the arguments."""
    tool: str | None
    """The name of the tool it calls instead of answering."""
    arguments: Mapping[str, JsonValue]
    """What it calls it with, for vendors who send an object."""
    finish: FinishReason
    ends_at_seconds: float
    input_tokens: int
    """All that were read, cached ones among them."""
    cached_tokens: int
    output_tokens: int
    """All that were written, thoughts among them."""
    thinking_tokens: int
    fault: Fault | None = None
    """Why it breaks off after these pieces; None for a whole answer."""
    quirk: Quirk | None = None

    @property
    def text(self) -> str:
        """The words, joined."""
        return self.pieces.text

    @property
    def thoughts(self) -> str:
        """The thoughts, joined."""
        return self.thinking.text

    @property
    def starts_at_seconds(self) -> float:
        """When a stream begins: the model has read the request."""
        first = (*self.thinking[:1], *self.pieces[:1])
        return first[0].offset_seconds if first else self.ends_at_seconds
