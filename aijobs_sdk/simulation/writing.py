"""How one answer comes to be: what it says, and when each piece of it is there."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, islice, repeat
from typing import Literal, NamedTuple

from aijobs_sdk.contract.provider import Finished, GenerationRequest
from aijobs_sdk.providers.tokens import estimate_tokens
from aijobs_sdk.simulation.dice import Dice
from aijobs_sdk.simulation.faults import Quirk
from aijobs_sdk.simulation.pieces import NO_PIECES, EvenPieces, GivenPieces, Pieces, pieces
from aijobs_sdk.simulation.plan import Plan
from aijobs_sdk.simulation.profiles import Behaviour
from aijobs_sdk.simulation.script import Succeed
from aijobs_sdk.simulation.text import Written, head_of

SLOW_LORIS_SECONDS = 20.0
"""Between two pieces of an answer that takes for ever: below the limits that callers set for silence."""
MOST_REMEMBERED = 256
"""Answers of a steady world."""
_NOTHING = Written("", 0)


class SteadyAnswers:
    """Answers in which nothing hangs on the attempt, remembered: a repeated request is answered as it was before."""

    def __init__(self) -> None:
        self._plans: dict[Hashable, Plan] = {}

    def of(self, writing: Writing, step: Succeed) -> Plan:
        """Return the whole answer."""
        if not writing.behaviour.latency.is_steady:
            return writing.answer(step)
        key = (writing.key, step.text, step.tokens, step.quirk)
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= MOST_REMEMBERED:
                self.forget()
            plan = self._plans[key] = writing.answer(step)
        return plan

    def forget(self) -> None:
        """Let everything be written anew."""
        self._plans.clear()


class _Timed(NamedTuple):
    """What is thought and said, and when."""

    thinking: Pieces
    words: Pieces
    ends_at_seconds: float


@dataclass(frozen=True, slots=True)
class Writing:
    """One answer, from what its call draws."""

    request: GenerationRequest
    behaviour: Behaviour
    dice: Dice
    written: str | None
    thinking_tokens: int
    other_tokens: int
    """Of what is read beside texts."""

    @property
    def key(self) -> Hashable:
        """All that the answer hangs on in a world of one seed and profile, where no attempt differs from another."""
        request = self.request
        asked = (request.model, request.draw_key, head_of(request.prompt), request.max_output_tokens, request.stop)
        return (*asked, self.input_tokens, self.written, self.thinking_tokens)

    @property
    def input_tokens(self) -> int:
        """About how long the request is."""
        return estimate_tokens(self.request.system or "") + estimate_tokens(self.request.prompt) + self.other_tokens

    def answer(self, step: Succeed) -> Plan:
        """Return the whole answer."""
        latency, input_tokens = self.behaviour.latency, self.input_tokens
        thoughts = self._thoughts()
        words, finish_reason = self._text(step, thoughts.tokens)
        ttft = latency.draw_ttft_seconds(partial(self.dice.of_attempt, "ttft"), input_tokens=input_tokens)
        timed = self._timed(step, thoughts, words, ttft)
        return Plan(
            ttft_seconds=ttft,
            thinking=timed.thinking,
            thinking_tokens=thoughts.tokens,
            pieces=timed.words,
            ends_at_seconds=timed.ends_at_seconds,
            ending=Finished(
                finish_reason=finish_reason,
                input_tokens=input_tokens,
                output_tokens=words.tokens + thoughts.tokens,
                reasoning_tokens=thoughts.tokens,
            ),
            quirk=step.quirk,
        )

    def _timed(self, step: Succeed, thoughts: Written, words: Written, ttft: float) -> _Timed:
        latency = self.behaviour.latency
        per_event = latency.tokens_per_event
        if words.text and not (thoughts.text or latency.token_cv or step.quirk is Quirk.SLOW_LORIS):
            ends = ttft + max(0, words.tokens - per_event) / latency.tokens_per_second
            return _Timed(NO_PIECES, EvenPieces(words.text, per_event, ttft, ends), ends)
        thinking = pieces(thoughts.text, per_event)
        texts = thinking + pieces(words.text, per_event)
        gaps = self._gaps(step, tokens_per_piece=(thoughts.tokens + words.tokens) / max(1, len(texts)))
        timed = GivenPieces(tuple(islice(accumulate(gaps, initial=ttft), len(texts))), texts)
        ends = timed.seconds[-1] if timed else ttft
        return _Timed(timed.first(len(thinking)), timed[len(thinking) :], ends)

    def _gaps(self, step: Succeed, *, tokens_per_piece: float) -> Iterator[float]:
        if step.quirk is Quirk.SLOW_LORIS:
            return repeat(SLOW_LORIS_SECONDS)
        latency = self.behaviour.latency
        if not latency.token_cv:
            return repeat(tokens_per_piece / latency.tokens_per_second)
        rng = self.dice.many_of_attempt("pace")
        return (latency.draw_gap_seconds(rng, tokens=tokens) for tokens in repeat(tokens_per_piece))

    def _thoughts(self) -> Written:
        if not self.thinking_tokens:
            return _NOTHING
        thoughts, most = self.dice.text("thinking", self.thinking_tokens), self.request.max_output_tokens
        return thoughts if most is None else thoughts.first(most)

    def _text(self, step: Succeed, thought_tokens: int) -> tuple[Written, Literal["stop", "length"]]:
        written, most = self._whole_text(step), self.request.max_output_tokens
        if most is None:
            return written, "stop"
        beginning = written.first(most - thought_tokens)
        return beginning, "stop" if beginning == written else "length"

    def _whole_text(self, step: Succeed) -> Written:
        if step.text is not None:
            written = Written.of(step.text)
        elif self.written is not None:
            return Written.of(self.written)  # no stop text ends a JSON
        else:
            tokens = step.tokens or self.behaviour.length.draw_tokens(self.dice.of_job("length"))
            written = self.dice.text("text", tokens)
        for stop in filter(None, self.request.stop):
            if stop in written.text:
                written = Written.of(written.text.partition(stop)[0])
        return written
