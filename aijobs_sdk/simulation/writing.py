"""How one answer comes to be: what it says, and when each piece of it is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, repeat
from typing import Literal

from aijobs_sdk.contract.provider import Finished, GenerationRequest
from aijobs_sdk.providers.tokens import estimate_tokens
from aijobs_sdk.simulation.dice import Dice
from aijobs_sdk.simulation.faults import Quirk
from aijobs_sdk.simulation.plan import Plan, TimedText
from aijobs_sdk.simulation.profiles import Behaviour
from aijobs_sdk.simulation.script import Succeed
from aijobs_sdk.simulation.text import first_tokens, pieces

SLOW_LORIS_SECONDS = 20.0
"""Between two pieces of an answer that takes for ever: below the limits that callers set for silence."""


@dataclass(frozen=True, slots=True)
class Writing:
    """One answer, from what its call draws."""

    request: GenerationRequest
    behaviour: Behaviour
    dice: Dice
    written: str | None
    thinking_tokens: int

    def answer(self, step: Succeed) -> Plan:
        """Return the whole answer."""
        request, latency = self.request, self.behaviour.latency
        text, finish_reason = self._text(step)
        input_tokens = estimate_tokens(request.system or "") + estimate_tokens(request.prompt)
        output_tokens = estimate_tokens(text)
        thoughts = self._thoughts()
        thought_tokens = estimate_tokens(thoughts)
        ttft = latency.draw_ttft_seconds(self.dice.of_attempt("ttft"), input_tokens=input_tokens)
        words = [*pieces(thoughts, latency.tokens_per_event), *pieces(text, latency.tokens_per_event)]
        gaps = self._gaps(step, tokens_per_piece=(thought_tokens + output_tokens) / max(1, len(words)))
        timed = tuple(map(TimedText, accumulate(gaps, initial=ttft), words))
        answer_begins = len(pieces(thoughts, latency.tokens_per_event))
        return Plan(
            ttft_seconds=ttft,
            thinking=timed[:answer_begins],
            thinking_tokens=thought_tokens,
            pieces=timed[answer_begins:],
            ends_at_seconds=timed[-1].offset_seconds if timed else ttft,
            ending=Finished(
                finish_reason=finish_reason, input_tokens=input_tokens, output_tokens=output_tokens + thought_tokens
            ),
            quirk=step.quirk,
        )

    def _gaps(self, step: Succeed, *, tokens_per_piece: float) -> Iterator[float]:
        if step.quirk is Quirk.SLOW_LORIS:
            return repeat(SLOW_LORIS_SECONDS)
        latency = self.behaviour.latency
        if not latency.token_cv:
            return repeat(tokens_per_piece / latency.tokens_per_second)
        rng = self.dice.of_attempt("pace")
        return (latency.draw_gap_seconds(rng, tokens=tokens) for tokens in repeat(tokens_per_piece))

    def _thoughts(self) -> str:
        if not self.thinking_tokens:
            return ""
        return self.dice.text("thinking", self.thinking_tokens)

    def _text(self, step: Succeed) -> tuple[str, Literal["stop", "length"]]:
        request = self.request
        if step.text is not None:
            text = step.text
        elif self.written is not None:
            return self.written, "stop"
        else:
            tokens = step.tokens or self.behaviour.length.draw_tokens(self.dice.of_job("length"))
            text = self.dice.text("text", tokens)
        for stop in request.stop:
            text = text.partition(stop)[0]
        if request.max_output_tokens is None or estimate_tokens(text) <= request.max_output_tokens:
            return text, "stop"
        return first_tokens(text, request.max_output_tokens), "length"
