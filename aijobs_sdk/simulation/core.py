"""The one core that decides what a simulated provider answers and when. It does no I/O and knows no clock."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import accumulate, chain, repeat
from random import Random
from typing import Literal
from uuid import UUID

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.provider import Finished, GenerationRequest
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.providers.tokens import estimate_tokens
from aijobs_sdk.simulation.faults import FaultKind, Quirk, status_fault
from aijobs_sdk.simulation.plan import Plan, TimedText
from aijobs_sdk.simulation.profiles import Behaviour, ErrorRates, Profile
from aijobs_sdk.simulation.rate_limits import Allowances, RateLimit, RateLimits
from aijobs_sdk.simulation.rules import Match, Rule
from aijobs_sdk.simulation.script import Fail, Step, Succeed, fail, ok
from aijobs_sdk.simulation.text import answer, first_tokens, pieces

JOURNAL_CALLS = 10_000
SLOW_LORIS_SECONDS = 20.0
"""Between two pieces of an answer that takes for ever: below the limits that callers set for silence."""


class Call(Fact):
    """One call that was made, as the journal keeps it. It holds nothing of the prompt."""

    job_id: UUID
    model: str
    attempt: int
    outcome: str
    """`ok`, or the code of the fault: what the call was going to end in, whether or not the caller stayed for it."""


_NOTHING = Plan(
    ttft_seconds=0.0,
    pieces=(),
    ends_at_seconds=0.0,
    ending=Finished(finish_reason="stop", input_tokens=0, output_tokens=0),
)


class Dice:
    """The draws that belong to one call. What concerns the answer is the job's, and so the same at every attempt.

    Each model draws for itself: two of them asked the same differ as two would.
    """

    def __init__(self, chance: Chance, request: GenerationRequest, occurrence: int = 0) -> None:
        self._chance = chance
        self._request = request
        self._occurrence = occurrence

    def of_job(self, purpose: Literal["length", "text", "thinking", "value"]) -> Random:
        """Return a generator that is the same at every attempt."""
        return self._chance.stream(self._request.draw_key, self._request.model, purpose)

    def of_attempt(self, purpose: Literal["ttft", "pace", "fault", "break"]) -> Random:
        """Return a generator of this attempt's own."""
        request = self._request
        again = (self._occurrence,) if self._occurrence else ()
        return self._chance.stream(request.draw_key, request.model, *again, request.attempt, purpose)


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
        self._limits = RateLimits()
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

    def plan(
        self, request: GenerationRequest, *, written: str | None = None, thinking_tokens: int = 0, occurrence: int = 0
    ) -> Plan:
        """Return what happens in this call. Asking changes nothing.

        `written` is what the model writes where that is not for it to choose, such as the arguments of a tool. Calls
        that differ in their `occurrence` alone get the same answer, each at its own pace and with its own faults.
        """
        behaviour = self._profile.behaviour(request.model)
        dice = Dice(self._chance, request, occurrence)
        writing = _Writing(request, behaviour, dice, written, thinking_tokens)
        match self._step(request, behaviour, dice):
            case Fail() as step:
                return _broken_off(writing.answer(Succeed()), step, dice)
            case Succeed() as step:
                return writing.answer(step)
            case step:
                raise TypeError(f"{type(step).__name__} is no step: make one with ok() or fail().")

    def record(self, request: GenerationRequest, plan: Plan) -> None:
        """Write a call into the journal; a host does so when it begins to act it out."""
        if (index := self._rule_index(request)) is not None:
            self._used_rules.add(index)
        self._calls.append(
            Call(job_id=request.job_id, model=request.model, attempt=request.attempt, outcome=plan.outcome)
        )

    def limit(
        self, *, model: str = "*", requests_per_minute: int | None = None, tokens_per_minute: int | None = None
    ) -> None:
        """Let each tenant send only so much to each of these models (a glob); what is used up comes back all the time.

        Tokens are those of the request. A call above a limit is answered 429, with the time to wait.
        """
        self._limits.add(
            RateLimit(model=model, requests_per_minute=requests_per_minute, tokens_per_minute=tokens_per_minute)
        )

    def admit(self, request: GenerationRequest, seconds: float) -> tuple[Allowances, Plan | None]:
        """Take a call from its tenant's limits, at this second of the host's time.

        Return what is left, and how the call is sent away where that is not enough.
        """
        tokens = estimate_tokens(request.system or "") + estimate_tokens(request.prompt)
        left = self._limits.take(str(request.tenant_id), request.model, tokens, seconds)
        if not left.retry_seconds:
            return left, None
        fault = status_fault(HTTPStatus.TOO_MANY_REQUESTS).replace(retry_after_seconds=left.retry_seconds)
        return left, _NOTHING.failing(fault, after_pieces=0, seconds=0.0)

    def bytes_for(self, *key: str | int) -> bytes:
        """Return 16 bytes that belong to this key."""
        return self._chance.stream(*key).randbytes(16)

    def draws_of_job(self, draw_key: str, model: str) -> Random:
        """Return a generator for what a job's answer holds beside text: the same at every attempt."""
        return self._chance.stream(draw_key, model, "value")

    def stands_for(self, secret: str) -> str:
        """Return a name for a key: the same for the same key in this world, and nothing to find the key by."""
        return self._chance.stream("key", secret).randbytes(8).hex()

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


@dataclass(frozen=True, slots=True)
class _Writing:
    """How one answer comes to be: what it says, and when each piece of it is there."""

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
        rng = self.dice.of_attempt("pace")
        latency = self.behaviour.latency
        return (latency.draw_gap_seconds(rng, tokens=tokens) for tokens in repeat(tokens_per_piece))

    def _thoughts(self) -> str:
        if not self.thinking_tokens:
            return ""
        return answer(self.request.prompt, self.thinking_tokens, self.dice.of_job("thinking"))

    def _text(self, step: Succeed) -> tuple[str, Literal["stop", "length"]]:
        request = self.request
        if step.text is not None:
            text = step.text
        elif self.written is not None:
            return self.written, "stop"
        else:
            tokens = step.tokens or self.behaviour.length.draw_tokens(self.dice.of_job("length"))
            text = answer(request.prompt, tokens, self.dice.of_job("text"))
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
