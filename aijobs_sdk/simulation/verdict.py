"""How callers behaved towards the simulated providers: whether a real one would have been content with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from uuid import UUID

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.contract.shapes import nearest, shape_of
from aijobs_sdk.contract.word import Word
from aijobs_sdk.simulation.journal import Call

MANY_ATTEMPTS = 10
ROUNDING_SECONDS = 0.001
"""A wait that is short by no more than this is as long as it was asked to be."""
AT_ONCE_SECONDS = 1e-4
"""A single wait as short as this is none: a random one hardly ever is."""
ALWAYS_AT_ONCE_SECONDS = 0.05
"""Several waits, all as short as this, are none."""
CONSTANT = 1.01
"""Waits whose longest is no more than this times the shortest do not grow, and are not random either."""
WAITS_THAT_SHOW_A_PATTERN = 3


class FindingKind(Word):
    """What a caller can do wrong. Giving up at once is none: a caller may."""

    RETRY_AFTER_IGNORED = "retry_after_ignored"
    """It asked again before the time that the provider had asked to wait was over."""
    RETRIED_WHAT_MUST_NOT_BE = "retried_what_must_not_be"
    """It asked again after an error that no repetition mends."""
    NO_BACKOFF = "no_backoff"
    """It asked again at once, or in steps that neither grow nor vary."""
    RETRY_STORM = "retry_storm"
    """It did not stop asking."""
    TRUNCATED_STREAM_ACCEPTED = "truncated_stream_accepted"
    """It took an answer that broke off for a whole one."""


class Finding(Fact):
    """One thing that one caller did wrong."""

    kind: FindingKind
    tenant_id: UUID
    job_id: UUID
    model: str
    attempt: int
    """The attempt at which it shows."""
    sentence: str
    """The same for people; it holds nothing of the prompt."""


class Verdict(Fact):
    """What the journal says about callers."""

    findings: tuple[Finding, ...]
    """In the order in which the jobs first called."""

    @property
    def ok(self) -> bool:
        """Whether there is nothing to find fault with."""
        return not self.findings

    def of(self, kind: FindingKind | str) -> Sequence[Finding]:
        """Return the findings of one kind.

        Raises:
            InvalidRequestError: there is no such kind.
        """
        if kind not in list(FindingKind):
            raise bad_argument("kind", f"is none of a finding.{nearest(str(kind), FindingKind)}")
        return [one for one in self.findings if one.kind == kind]

    def assert_ok(self) -> None:
        """Return if there is nothing to find fault with.

        Raises:
            AssertionError: there is; it says what, a line each.
        """
        if self.findings:
            lines = "\n".join(f"- {one.sentence} ({one.kind})" for one in self.findings)
            raise AssertionError(f"A provider would complain of these callers:\n{lines}")


def judge(calls: Sequence[Call], *, many_attempts: int = MANY_ATTEMPTS) -> Verdict:
    """Return what is to be said about the callers of these calls, given oldest first.

    Findings that need times are made where the host told them. Asked while jobs still run, an answer that broke off
    looks accepted until it is asked for again.

    Raises:
        InvalidRequestError: `many_attempts` is no number from 1 up.
    """
    if isinstance(many_attempts, bool) or not isinstance(many_attempts, int) or many_attempts < 1:
        raise bad_argument("many_attempts", f"must be a whole number from 1 up, got {shape_of(many_attempts)}")
    chains: dict[tuple[UUID, UUID, str], list[Call]] = {}
    for call in calls:
        chains.setdefault((call.tenant_id, call.job_id, call.step), []).append(call)
    return Verdict(findings=tuple(finding for chain in chains.values() for finding in _judged(chain, many_attempts)))


def _judged(chain: Sequence[Call], many_attempts: int) -> Iterator[Finding]:
    for earlier, later in pairwise(chain):
        if later.attempt > earlier.attempt:
            yield from _impatience(earlier, later)
            yield from _stubbornness(earlier, later)
    yield from _haste(chain)
    yield from _storm(chain, many_attempts)
    yield from _credulity(chain)


def _impatience(earlier: Call, later: Call) -> Iterator[Finding]:
    asked, waited = earlier.retry_after_seconds, _wait(earlier, later)
    if asked is not None and waited is not None and waited < asked - ROUNDING_SECONDS:
        yield _finding(
            FindingKind.RETRY_AFTER_IGNORED,
            later,
            f"came again {waited:.3g} s after attempt {earlier.attempt}, where it had been asked to wait {asked:g} s",
        )


def _stubbornness(earlier: Call, later: Call) -> Iterator[Finding]:
    if earlier.outcome != "ok" and not earlier.retryable:
        yield _finding(
            FindingKind.RETRIED_WHAT_MUST_NOT_BE,
            later,
            f"came again after attempt {earlier.attempt} had ended in {earlier.outcome}, which no repetition mends",
        )


def _haste(chain: Sequence[Call]) -> Iterator[Finding]:
    own_choice = [
        wait
        for earlier, later in pairwise(chain)
        if earlier.retryable and earlier.outcome != "ok" and not earlier.retry_after_seconds
        if (wait := _wait(earlier, later)) is not None
    ]
    if not own_choice:
        return
    longest, last = max(own_choice), chain[-1]
    if longest <= (AT_ONCE_SECONDS if len(own_choice) == 1 else ALWAYS_AT_ONCE_SECONDS):
        yield _finding(FindingKind.NO_BACKOFF, last, "came again at once after it had failed")
    elif len(own_choice) >= WAITS_THAT_SHOW_A_PATTERN and longest <= CONSTANT * min(own_choice):
        yield _finding(FindingKind.NO_BACKOFF, last, f"came again every {longest:.3g} s, without backing off")


def _storm(chain: Sequence[Call], many_attempts: int) -> Iterator[Finding]:
    if len(chain) > many_attempts:
        yield _finding(FindingKind.RETRY_STORM, chain[-1], f"was asked {len(chain)} times, more than {many_attempts}")


def _credulity(chain: Sequence[Call]) -> Iterator[Finding]:
    *earlier, last = chain
    # Who came again after such an answer before, or left in the middle of it, did not take it for whole.
    knows_better = last.notices_truncation or any(call.outcome == "stream_truncated" for call in earlier)
    if last.outcome == "stream_truncated" and last.read_to_end is not False and not knows_better:
        yield _finding(
            FindingKind.TRUNCATED_STREAM_ACCEPTED, last, "got an answer that broke off, and did not ask again"
        )


def _wait(earlier: Call, later: Call) -> float | None:
    """Return the seconds from the end of one call to the next; None where they are not known, or overlap."""
    if earlier.ends_at_seconds is None or later.started_at_seconds is None:
        return None
    seconds = later.started_at_seconds - earlier.ends_at_seconds
    # Far below 0 the caller had left before the end, at a time that only it knows.
    return max(0.0, seconds) if seconds > -ROUNDING_SECONDS else None


def _finding(kind: FindingKind, call: Call, what: str) -> Finding:
    return Finding(
        kind=kind,
        tenant_id=call.tenant_id,
        job_id=call.job_id,
        model=call.model,
        attempt=call.attempt,
        sentence=f"Job {call.job_id} ({call.model}, attempt {call.attempt}) {what}.",
    )
