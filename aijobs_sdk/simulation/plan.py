"""What a simulated provider is going to do in one call: decided before it begins, so that a host only acts."""

from __future__ import annotations

import math
from typing import NamedTuple

from aijobs_sdk.contract.provider import Finished
from aijobs_sdk.providers.tokens import estimate_tokens
from aijobs_sdk.simulation.faults import Fault, Quirk
from aijobs_sdk.simulation.pieces import NO_PIECES, Pieces


class Plan(NamedTuple):
    """One call from its start to its end."""

    ttft_seconds: float
    """When the first token comes, or would have come."""
    pieces: Pieces
    ends_at_seconds: float
    ending: Finished | Fault
    thinking: Pieces = NO_PIECES
    """What the model thinks before it answers."""
    thinking_tokens: int = 0
    """How long that is; they count as output."""
    quirk: Quirk | None = None
    """How the answer is sent; None: as always."""
    queued_seconds: float = 0.0
    """How long the call waits in line before anything is done for it; a part of all times here."""

    @property
    def outcome(self) -> str:
        """`ok`, or the code of the fault."""
        return self.ending.code if isinstance(self.ending, Fault) else "ok"

    def failing(self, fault: Fault, *, after_pieces: int, seconds: float | None) -> Plan:
        """Return this plan, broken off after that many pieces.

        The fault shows `seconds` later; None: at once, or when the first token was expected if nothing was sent.
        """
        return self._ending_after(self.pieces.first(after_pieces), seconds, fault)

    def cut(self, *, after_pieces: int, seconds: float | None) -> Plan:
        """Return this plan with its answer cut off within the last of that many pieces, and otherwise good."""
        if isinstance(self.ending, Fault):
            return self
        sent = _torn(self.pieces.first(after_pieces))
        written = estimate_tokens(sent.text) + self.thinking_tokens
        return self._ending_after(sent, seconds, self.ending.replace(finish_reason="length", output_tokens=written))

    def _ending_after(self, sent: Pieces, seconds: float | None, ending: Finished | Fault) -> Plan:
        shown = (*self.thinking, *sent)
        last = shown[-1].offset_seconds if shown else 0.0
        usual = 0.0 if shown else self.ttft_seconds
        return self._replace(pieces=sent, ends_at_seconds=last + (usual if seconds is None else seconds), ending=ending)

    @property
    def busy_seconds(self) -> float:
        """How long something is done for the call: until its last token, or its first where none is sent."""
        shown = self.pieces or self.thinking
        return shown[-1].offset_seconds if shown else min(self.ttft_seconds, self.ends_at_seconds)

    def stretched(self, factor: float) -> Plan:
        """Return this plan, so many times slower; a silence at its end stays as long as it was."""
        if factor == 1:
            return self
        silence = self.ends_at_seconds - self.busy_seconds
        return self._replace(
            ttft_seconds=self.ttft_seconds * factor,
            thinking=self.thinking.slower(factor),
            pieces=self.pieces.slower(factor),
            ends_at_seconds=self.busy_seconds * factor + silence,
        )

    def delayed(self, seconds: float) -> Plan:
        """Return this plan after a wait in line."""
        if not seconds:
            return self
        return self._replace(
            ttft_seconds=self.ttft_seconds + seconds,
            thinking=self.thinking.later(seconds),
            pieces=self.pieces.later(seconds),
            ends_at_seconds=self.ends_at_seconds + seconds,
            queued_seconds=self.queued_seconds + seconds,
        )

    def pieces_in(self, tokens: int) -> int:
        """Return how many pieces hold about that many tokens of a complete answer."""
        if not isinstance(self.ending, Finished) or self.ending.output_tokens <= self.thinking_tokens:
            return 0
        written = self.ending.output_tokens - self.thinking_tokens
        return min(len(self.pieces), math.ceil(tokens * len(self.pieces) / written))


def _torn(pieces: Pieces) -> Pieces:
    """Return the pieces without the second half of the last."""
    torn = [piece._replace(text=piece.text[: len(piece.text) // 2]) for piece in pieces[-1:]]
    return Pieces.of([*pieces[:-1], *(piece for piece in torn if piece.text)])
