"""The draws of one call: what they hang on, so that nothing else can move them."""

from __future__ import annotations

from functools import lru_cache
from random import Random
from typing import Literal

from aijobs_sdk.contract.provider import GenerationRequest
from aijobs_sdk.engine.chance import Chance, Draws
from aijobs_sdk.simulation.text import Written, answer, head_of


class Dice:
    """The draws that belong to one call. What concerns the answer is the job's, and so the same at every attempt.

    Each model draws for itself: two of them asked the same differ as two would.
    """

    def __init__(self, chance: Chance, request: GenerationRequest, occurrence: int = 0) -> None:
        self._chance = chance
        self._request = request
        self._occurrence = occurrence

    def of_job(self, purpose: Literal["length"]) -> Draws:
        """Return draws that are the same at every attempt."""
        return self._chance.draws(self._request.draw_key, self._request.model, purpose)

    def text(self, purpose: Literal["text", "thinking"], tokens: int) -> Written:
        """Return what the model says to the prompt, about that long: the same at every attempt."""
        request = self._request
        key = (request.draw_key, request.model, purpose)
        return _drawn_text(self._chance, key, head_of(request.prompt), tokens)

    def of_attempt(self, purpose: Literal["ttft"]) -> Draws:
        """Return draws of this attempt's own."""
        return self._chance.draws(*self._attempt, purpose)

    def many_of_attempt(self, purpose: Literal["pace", "fault", "break", "incident"]) -> Random:
        """Return a generator of this attempt's own."""
        return self._chance.stream(*self._attempt, purpose)

    @property
    def _attempt(self) -> tuple[str | int, ...]:
        request = self._request
        again = (self._occurrence,) if self._occurrence else ()
        return (request.draw_key, request.model, *again, request.attempt)


@lru_cache(256)  # every attempt writes it again, and over HTTP every equal request
def _drawn_text(chance: Chance, key: tuple[str, ...], prompt: str, tokens: int) -> Written:
    return answer(prompt, tokens, chance.draws(*key))
