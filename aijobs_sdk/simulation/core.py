"""The one core that decides what a simulated provider answers and when. It does no I/O and knows no clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from random import Random
from uuid import UUID

from aijobs_sdk.contract.provider import Finished, GenerationRequest
from aijobs_sdk.contract.refusal import bad_argument, checked
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.providers.tokens import estimate_tokens
from aijobs_sdk.simulation.batch_course import DirectBatch
from aijobs_sdk.simulation.dice import Dice
from aijobs_sdk.simulation.drawn_steps import SUCCESS, broken_off, incident_step, ordinary_step
from aijobs_sdk.simulation.durations import seconds_of
from aijobs_sdk.simulation.faults import BatchFault, status_fault
from aijobs_sdk.simulation.journal import Call, Journal
from aijobs_sdk.simulation.kept import Kept
from aijobs_sdk.simulation.load import Capacities, capacity
from aijobs_sdk.simulation.pieces import NO_PIECES
from aijobs_sdk.simulation.plan import Plan
from aijobs_sdk.simulation.profiles import Behaviour, Profile, Turnaround
from aijobs_sdk.simulation.rate_limits import Allowances, RateLimit, RateLimits
from aijobs_sdk.simulation.rules import Match, Rule, Rules, When
from aijobs_sdk.simulation.scenario import Scenario
from aijobs_sdk.simulation.script import Cut, Fail, FailInBatch, Step, Succeed
from aijobs_sdk.simulation.timeline import Incident, Outage, Timeline, check_model
from aijobs_sdk.simulation.verdict import MANY_ATTEMPTS, Verdict, judge
from aijobs_sdk.simulation.virtual_time import EPOCH
from aijobs_sdk.simulation.writing import SteadyAnswers, Writing

MOST_STAND_INS = 1000
"""Keys of callers whose names are remembered; beyond that they are worked out anew."""
_NOTHING = Plan(
    ttft_seconds=0.0,
    pieces=NO_PIECES,
    ends_at_seconds=0.0,
    ending=Finished(finish_reason="stop", input_tokens=0, output_tokens=0),
)


class Simulation:
    """A world of simulated providers. The same seed, profile and rules give the same answers, in whatever order."""

    def __init__(self, seed: int = 0, profile: str = "fast", *, began_at: datetime = EPOCH) -> None:
        self.seed = seed
        self.began_at = began_at
        """The instant from which the seconds of limits, incidents and the journal are counted."""
        self._chance = Chance(seed)
        self._profile = Profile.load(profile)
        self._behaviours: dict[str, Behaviour] = {}
        self._answers = SteadyAnswers()
        self._stand_ins: dict[int, str] = {}
        self._rules = Rules()
        self._limits = RateLimits()
        self._capacities = Capacities(self._profile.capacity)
        self._timeline = Timeline(self._chance, self._profile)
        self._journal = Journal()
        self.batches: Kept[DirectBatch] = Kept()
        """The batches that providers of this world took without a wire: like a vendor, they outlive who asked."""

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

        Raises:
            InvalidRequestError: a glob is no text; it is named.
        """
        tenant_glob = None if tenant is None else str(tenant)
        job_glob = None if job is None else str(job)
        globs = {"model": model, "prompt": prompt, "tenant": tenant_glob, "job": job_glob}
        return When(checked(Match, globs, "Cannot choose jobs so"), self.add_rule)

    def add_rule(self, rule: Rule) -> None:
        """Let a rule hold from now on."""
        self._rules.add(rule)

    def at(self, start: float | str, *outages: Outage) -> None:
        """Let outages begin so many seconds ("5m" as well) after the world began.

        A job whose script has a step for the attempt goes by its script: what a rule says is exact.

        Raises:
            InvalidRequestError: it is no time, or what is to begin then is no outage, or nothing.
        """
        seconds = seconds_of(start, name="start")
        if not outages or not all(isinstance(one, Outage) for one in outages):
            raise bad_argument("outages", "must be at least one, made with `outage()`")
        for one in outages:
            self._timeline.add(Incident(starts_at_seconds=seconds, outage=one))

    def load(self, scenario: str | Path | Scenario) -> None:
        """Let all hold that a file (or a scenario already read) says, beside what holds already.

        A seed and a profile take the place of the present ones. Nothing changes where something cannot be used.

        Raises:
            ConfigurationError: the file cannot be read.
            InvalidRequestError: something in it cannot be used: file, line and field are named.
        """
        said = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
        profile = self._profile if said.profile is None else Profile.load(said.profile)
        if said.seed is not None:
            self.seed, self._chance = said.seed, Chance(said.seed)
            self._stand_ins.clear()
        self._profile = profile
        self._behaviours.clear()
        self._answers.forget()
        self._timeline = self._timeline.moved_to(self._chance, profile)
        self._capacities.follow(profile.capacity)
        for limit in said.limits:
            self._limits.add(limit, may_meet_nobody=True)
        for given in said.capacities:
            self._capacities.add(given)
        for rule in said.rules:
            self.add_rule(rule)
        for incident in said.incidents:
            self._timeline.add(incident)

    def plan(
        self,
        request: GenerationRequest,
        *,
        written: str | None = None,
        thinking_tokens: int = 0,
        other_tokens: int = 0,
        occurrence: int = 0,
        at_seconds: float = 0.0,
        provider: str | None = None,
    ) -> Plan:
        """Return what happens in this call, begun so many seconds after the world. Asking changes nothing.

        `written` is what the model writes where that is not for it to choose, such as the arguments of a tool;
        `other_tokens` are those that it reads beside `system` and `prompt`: of pictures, tools and schemas. Calls
        that differ in their `occurrence` alone get the same answer, each at its own pace and with its own faults.
        `provider` is who is called; None: whoever comes first for the model. Where a capacity was given, the times
        hang on the calls under way as well.
        """
        behaviour = self._behaviour(request.model)
        dice = Dice(self._chance, request, occurrence)
        writing = Writing(request, behaviour, dice, written, thinking_tokens, other_tokens)
        outages = self._timeline.outages(request.model, provider, at_seconds)
        special = self._rules.step(request) or incident_step(outages, dice)
        drawn = self._acted(special or ordinary_step(behaviour.errors, dice), writing, dice)
        return self._capacities.under_load(drawn, model=request.model, provider=provider, at_seconds=at_seconds)

    def record(
        self,
        request: GenerationRequest,
        plan: Plan,
        *,
        at_seconds: float | None = None,
        provider: str | None = None,
        notices_truncation: bool = False,
    ) -> int:
        """Write a call into the journal, when a host begins to act it out, and return its number there.

        `at_seconds` is when, since the world began; `notices_truncation` whether its caller is known to take an answer
        without an end marker for a failure.
        """
        self._rules.note(request)
        number = self._journal.write(
            request, plan, provider=provider, at_seconds=at_seconds, notices_truncation=notices_truncation
        )
        if at_seconds is not None:
            self._capacities.take(number, plan, model=request.model, provider=provider, at_seconds=at_seconds)
        return number

    def close(self, number: int, *, read_to_end: bool) -> None:
        """Note in the journal, when the caller of a call leaves, whether it stayed to its end; its place is free."""
        self._capacities.leave(number)
        self._journal.close(number, read_to_end=read_to_end)

    def seconds_at(self, now: datetime) -> float:
        """Return how many seconds after the world began this is."""
        return (now - self.began_at).total_seconds()

    def limit(
        self, *, model: str = "*", requests_per_minute: int | None = None, tokens_per_minute: int | None = None
    ) -> None:
        """Let each tenant send only so much to each of these models (a glob); what is used up comes back all the time.

        Tokens are those of the request. A call above a limit is answered 429, with the time to wait.

        Raises:
            InvalidRequestError: there is no such model, or a number cannot be, and is named; or there is none, so that
                nothing would be limited.
        """
        if requests_per_minute is None and tokens_per_minute is None:
            raise bad_argument("requests_per_minute", "or `tokens_per_minute` is required")
        asked = {
            "model": check_model(model),
            "requests_per_minute": requests_per_minute,
            "tokens_per_minute": tokens_per_minute,
        }
        self._limits.add(checked(RateLimit, asked, "No model has such a limit"))

    def capacity(self, *, model: str = "*", max_concurrency: int, load_factor: float = 1.0) -> None:
        """Let each of these models (a glob) answer only so many calls at a time, at each of its providers.

        A call above that waits in line. The fuller a model is, the slower are the first token and the pace of a call
        that comes: `load_factor` times where every place is taken. When things happen then hangs on the order of calls,
        too; what is said and what fails does not.

        Raises:
            InvalidRequestError: there is no such model, or a number cannot be; it is named.
        """
        self._capacities.add(capacity(check_model(model), max_concurrency, load_factor))

    def admit(
        self, request: GenerationRequest, seconds: float, *, other_tokens: int = 0
    ) -> tuple[Allowances, Plan | None]:
        """Take a call from its tenant's limits, at this second of the host's time.

        Return what is left, and how the call is sent away where that is not enough. `other_tokens` as in `plan()`.
        """
        tokens = estimate_tokens(request.system or "") + estimate_tokens(request.prompt) + other_tokens
        left = self._limits.take(request.tenant_id, request.model, tokens, seconds)
        if not left.retry_seconds:
            return left, None
        fault = status_fault(HTTPStatus.TOO_MANY_REQUESTS).replace(retry_after_seconds=left.retry_seconds)
        return left, _NOTHING.failing(fault, after_pieces=0, seconds=0.0)

    @property
    def has_batch_faults(self) -> bool:
        """Whether any rule is about a vendor's own batches."""
        return any(isinstance(step, FailInBatch) for rule in self._rules for step in rule.steps)

    def batch_fault(self, request: GenerationRequest, provider: str) -> BatchFault | None:
        """Return what goes wrong with the batch at a provider that this request is in, on account of the request."""
        self._rules.note(request)
        step = self._rules.step(request)
        return step.fault if isinstance(step, FailInBatch) and step.fault.happens_at(provider) else None

    def draws_of_batch(self, key: str) -> Random:
        """Return a generator for the course of a batch."""
        return self._chance.stream("batch", key)

    def turnaround(self, provider: str) -> Turnaround:
        """Return how long batches take at a provider."""
        return self._profile.turnaround(provider)

    def bytes_for(self, *key: str | int) -> bytes:
        """Return 16 bytes that belong to this key."""
        return self._chance.token(*key)

    def draws_of_job(self, draw_key: str, model: str) -> Random:
        """Return a generator for what a job's answer holds beside text: the same at every attempt."""
        return self._chance.stream(draw_key, model, "value")

    def stands_for(self, secret: str) -> str:
        """Return a name for a key: the same for the same key in this world, and nothing to find the key by."""
        # Remembered by a number that the secret cannot be told from: it is not kept.
        known = self._stand_ins.get(hash(secret))
        if known is None:
            if len(self._stand_ins) >= MOST_STAND_INS:
                self._stand_ins.clear()
            known = self._stand_ins[hash(secret)] = self._chance.token("key", secret).hex()
        return known

    @property
    def calls(self) -> Sequence[Call]:
        """The most recent calls, oldest first, at most 10,000."""
        return self._journal.calls

    def verdict(self, *, many_attempts: int = MANY_ATTEMPTS) -> Verdict:
        """Return how callers behaved so far, as far as the journal tells; more than `many_attempts` are a storm.

        Ask when their jobs have ended: an answer that broke off looks accepted until it is asked for again.

        Raises:
            InvalidRequestError: `many_attempts` is no number from 1 up.
        """
        return judge(self.calls, many_attempts=many_attempts)

    def unused_rules(self) -> Sequence[Rule]:
        """Return the rules that no call has matched so far: in a test, mostly a slip in a glob."""
        return self._rules.unused()

    def unused_limits(self) -> Sequence[str]:
        """Return the globs of those limits that were for no model that was called, but for those for all."""
        return [limit.model for limit in self._limits.unmet() if limit.model != "*"]

    def _acted(self, step: Step, writing: Writing, dice: Dice) -> Plan:
        match step:
            case Fail():
                return broken_off(self._answers.of(writing, SUCCESS), step, dice)
            case FailInBatch():
                return self._answers.of(writing, SUCCESS)
            case Succeed(cut=None):
                return self._answers.of(writing, step)
            case Succeed(cut=Cut() as cut):
                whole = self._answers.of(writing, step)
                return whole.cut(after_pieces=whole.pieces_in(cut.after_tokens), seconds=cut.seconds)
            case _:
                raise TypeError(f"{type(step).__name__} is no step: make one with ok() or fail().")

    def _behaviour(self, model: str) -> Behaviour:
        found = self._behaviours.get(model)
        if found is None:
            found = self._behaviours[model] = self._profile.behaviour(model)
        return found
