"""The one core that decides what a simulated provider answers and when. It does no I/O and knows no clock."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from itertools import accumulate, chain, repeat
from random import Random
from typing import Literal
from uuid import UUID

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.provider import Finished, GenerationRequest
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.providers.tokens import estimate_tokens
from aijobs_sdk.simulation.faults import FaultKind
from aijobs_sdk.simulation.plan import Plan, TimedText
from aijobs_sdk.simulation.profiles import Behaviour, ErrorRates, Profile
from aijobs_sdk.simulation.rules import Match, Rule
from aijobs_sdk.simulation.script import Fail, Step, Succeed, fail, ok
from aijobs_sdk.simulation.text import answer, first_tokens, pieces

JOURNAL_CALLS = 10_000


class Call(Fact):
    """One call that was made, as the journal keeps it. It holds nothing of the prompt."""

    job_id: UUID
    model: str
    attempt: int
    outcome: str
    """`ok`, or the code of the fault: what the call was going to end in, whether or not the caller stayed for it."""


class Dice:
    """The draws that belong to one call. What concerns the answer is the job's, and so the same at every attempt.

    Each model draws for itself: two of them asked the same differ as two would.
    """

    def __init__(self, chance: Chance, request: GenerationRequest) -> None:
        self._chance = chance
        self._request = request

    def of_job(self, purpose: Literal["length", "text"]) -> Random:
        """Return a generator that is the same at every attempt."""
        return self._chance.stream(self._request.draw_key, self._request.model, purpose)

    def of_attempt(self, purpose: Literal["ttft", "pace", "fault", "break"]) -> Random:
        """Return a generator of this attempt's own."""
        return self._chance.stream(self._request.draw_key, self._request.model, self._request.attempt, purpose)


class When:
    """Some jobs, and what is to happen to them."""

    def __init__(self, match: Match, rules: list[Rule]) -> None:
        self._match = match
        self._rules = rules

    def do(self, *steps: Step | Sequence[Step]) -> None:
        """Let each of these jobs go through the steps, one an attempt; after the last its world is ordinary again."""
        flat = chain.from_iterable((step,) if isinstance(step, Step) else step for step in steps)
        self._rules.append(Rule(match=self._match, steps=tuple(flat)))


class Simulation:
    """A world of simulated providers. The same seed, profile and rules give the same answers, in whatever order."""

    def __init__(self, seed: int = 0, profile: str = "fast") -> None:
        self.seed = seed
        self._chance = Chance(seed)
        self._profile = Profile.load(profile)
        self._rules: list[Rule] = []
        self._used_rules: set[int] = set()
        self._calls: deque[Call] = deque(maxlen=JOURNAL_CALLS)

    def on(
        self,
        *,
        model: str | None = None,
        prompt: str | None = None,
        tenant: UUID | str | None = None,
        job: UUID | str | None = None,
    ) -> When:
        """Choose jobs by globs (`prompt="*contract*"`), all of which have to match; `do()` says what happens to them.

        Of two rules for the same job the one added last holds, so the general ones come first.
        """
        tenant_glob = None if tenant is None else str(tenant)
        job_glob = None if job is None else str(job)
        return When(Match(model=model, prompt=prompt, tenant=tenant_glob, job=job_glob), self._rules)

    def plan(self, request: GenerationRequest) -> Plan:
        """Return what happens in this call. Asking changes nothing."""
        behaviour = self._profile.behaviour(request.model)
        dice = Dice(self._chance, request)
        match self._step(request, behaviour, dice):
            case Fail() as step:
                whole = _whole_answer(request, Succeed(), behaviour, dice)
                return _broken_off(whole, step, dice)
            case Succeed() as step:
                return _whole_answer(request, step, behaviour, dice)
            case step:
                raise TypeError(f"{type(step).__name__} is no step: make one with ok() or fail().")

    def record(self, request: GenerationRequest, plan: Plan) -> None:
        """Write a call into the journal; a host does so when it begins to act it out."""
        if (index := self._rule_index(request)) is not None:
            self._used_rules.add(index)
        self._calls.append(
            Call(job_id=request.job_id, model=request.model, attempt=request.attempt, outcome=plan.outcome)
        )

    @property
    def calls(self) -> Sequence[Call]:
        """The most recent calls, oldest first, at most 10,000."""
        return tuple(self._calls)

    def unused_rules(self) -> Sequence[Rule]:
        """Return the rules that no call has matched so far: in a test, mostly a slip in a glob."""
        return [rule for index, rule in enumerate(self._rules) if index not in self._used_rules]

    def _rule_index(self, request: GenerationRequest) -> int | None:
        newest_first = range(len(self._rules) - 1, -1, -1)
        return next((index for index in newest_first if self._rules[index].match.accepts(request)), None)

    def _step(self, request: GenerationRequest, behaviour: Behaviour, dice: Dice) -> Step:
        index = self._rule_index(request)
        scripted = None if index is None else self._rules[index].step(request.attempt)
        return scripted or _ordinary_step(behaviour.errors, dice.of_attempt("fault"))


def _ordinary_step(rates: ErrorRates, rng: Random) -> Step:
    """Return success, or now and then a failure, as often as the profile says."""
    shares: dict[int | str, float] = {
        HTTPStatus.SERVICE_UNAVAILABLE: rates.unavailable,
        FaultKind.TIMEOUT: rates.timeout,
        FaultKind.RESET: rates.reset,
        FaultKind.TRUNCATE: rates.truncated,
    }
    draw = rng.random() - rates.rate_limited
    if draw < 0:
        return fail(HTTPStatus.TOO_MANY_REQUESTS, retry_after=rng.randint(1, rates.retry_after_max_seconds))
    for kind, upper in zip(shares, accumulate(shares.values()), strict=True):
        if draw < upper:
            return fail(kind)
    return ok()


def _whole_answer(request: GenerationRequest, step: Succeed, behaviour: Behaviour, dice: Dice) -> Plan:
    text, finish_reason = _text(request, step, behaviour, dice)
    input_tokens = estimate_tokens(request.system or "") + estimate_tokens(request.prompt)
    output_tokens = estimate_tokens(text)
    texts = pieces(text, behaviour.latency.tokens_per_event)
    ttft = behaviour.latency.draw_ttft_seconds(dice.of_attempt("ttft"), input_tokens=input_tokens)
    gaps = _gaps(behaviour, dice, tokens_per_piece=output_tokens / max(1, len(texts)))
    timed = tuple(map(TimedText, accumulate(gaps, initial=ttft), texts))
    return Plan(
        ttft_seconds=ttft,
        pieces=timed,
        ends_at_seconds=timed[-1].offset_seconds if timed else ttft,
        ending=Finished(finish_reason=finish_reason, input_tokens=input_tokens, output_tokens=output_tokens),
    )


def _gaps(behaviour: Behaviour, dice: Dice, *, tokens_per_piece: float) -> Iterator[float]:
    rng = dice.of_attempt("pace")
    return (behaviour.latency.draw_gap_seconds(rng, tokens=tokens) for tokens in repeat(tokens_per_piece))


def _text(
    request: GenerationRequest, step: Succeed, behaviour: Behaviour, dice: Dice
) -> tuple[str, Literal["stop", "length"]]:
    if step.text is None:
        tokens = step.tokens or behaviour.length.draw_tokens(dice.of_job("length"))
        text = answer(request.prompt, tokens, dice.of_job("text"))
    else:
        text = step.text
    for stop in request.stop:
        text = text.partition(stop)[0]
    if request.max_output_tokens is None or estimate_tokens(text) <= request.max_output_tokens:
        return text, "stop"
    return first_tokens(text, request.max_output_tokens), "length"


def _broken_off(whole: Plan, step: Fail, dice: Dice) -> Plan:
    if step.after_tokens is not None:
        after_pieces = whole.pieces_in(step.after_tokens)
    elif step.fault.is_mid_answer:
        after_pieces = math.ceil(dice.of_attempt("break").random() * (len(whole.pieces) - 1))
    else:
        after_pieces = 0
    return whole.failing(step.fault, after_pieces=after_pieces, seconds=step.seconds)
