"""What a simulated provider is going to do in one call: decided before it begins, so that a host only acts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from aijobs_sdk.contract.provider import Finished
from aijobs_sdk.simulation.faults import Fault, Quirk


class TimedText(NamedTuple):
    """A piece of the answer and when it comes, in seconds from the start of the call."""

    offset_seconds: float
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """One call from its start to its end."""

    ttft_seconds: float
    """When the first token comes, or would have come."""
    pieces: Sequence[TimedText]
    ends_at_seconds: float
    ending: Finished | Fault
    thinking: Sequence[TimedText] = ()
    """What the model thinks before it answers."""
    thinking_tokens: int = 0
    """How long that is; they count as output."""
    quirk: Quirk | None = None
    """How the answer is sent; None: as always."""

    @property
    def outcome(self) -> str:
        """`ok`, or the code of the fault."""
        return self.ending.code if isinstance(self.ending, Fault) else "ok"

    def failing(self, fault: Fault, *, after_pieces: int, seconds: float | None) -> Plan:
        """Return this plan, broken off after that many pieces.

        The fault shows `seconds` later; None: at once, or when the first token was expected if nothing was sent.
        """
        sent = self.pieces[:after_pieces]
        shown = (*self.thinking, *sent)
        last = shown[-1].offset_seconds if shown else 0.0
        usual = 0.0 if shown else self.ttft_seconds
        return replace(self, pieces=sent, ends_at_seconds=last + (usual if seconds is None else seconds), ending=fault)

    def pieces_in(self, tokens: int) -> int:
        """Return how many pieces hold about that many tokens of a complete answer."""
        if not isinstance(self.ending, Finished) or not self.ending.output_tokens:
            return 0
        return min(len(self.pieces), math.ceil(tokens * len(self.pieces) / self.ending.output_tokens))
