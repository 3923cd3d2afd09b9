"""What a model answers, before any vendor words it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from aijobs_sdk.simulation.faults import Fault, Quirk
from aijobs_sdk.simulation.plan import TimedText

FinishReason = Literal["stop", "length", "tool", "refusal"]
REFUSAL_PIECES = ("I'm sorry", ", but I can't", " help with that.")
REFUSAL = "".join(REFUSAL_PIECES)
"""What a model says that declines, at vendors who pass it on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer, in the pieces and at the seconds (from the start of the call) in which a stream sends it."""

    id: str
    """Letters and digits that belong to this call alone; vendors put something in front of it."""
    request_id: str
    created: int
    """Unix seconds."""
    thinking: Sequence[TimedText]
    """What the model thought first; empty where it did not."""
    pieces: Sequence[TimedText]
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
        return "".join(piece.text for piece in self.pieces)

    @property
    def thoughts(self) -> str:
        """The thoughts, joined."""
        return "".join(piece.text for piece in self.thinking)

    @property
    def starts_at_seconds(self) -> float:
        """When a stream begins: the model has read the request."""
        first = (*self.thinking[:1], *self.pieces[:1])
        return first[0].offset_seconds if first else self.ends_at_seconds


def first_characters(pieces: Sequence[TimedText], count: int) -> Sequence[TimedText]:
    """Return the pieces of so much of their text."""
    kept = []
    for piece in pieces:
        if count <= 0:
            break
        kept.append(piece._replace(text=piece.text[:count]))
        count -= len(piece.text)
    return kept
