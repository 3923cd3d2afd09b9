"""What was called: the most recent calls, without anything of what they said."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from hashlib import blake2b
from uuid import UUID

from aijobs_sdk.contract.model import Fact, unchecked
from aijobs_sdk.contract.provider import GenerationRequest
from aijobs_sdk.simulation.faults import Fault
from aijobs_sdk.simulation.plan import Plan

JOURNAL_CALLS = 10_000


class Call(Fact):
    """One call that was made. It holds nothing of the prompt."""

    tenant_id: UUID
    job_id: UUID
    step: str
    """Stands for the job's step that called: the same at every attempt at it."""
    provider: str | None = None
    """Who was called; None where the host did not say."""
    model: str
    attempt: int
    outcome: str
    """`ok`, or the code of the fault: what the call was going to end in, whether or not the caller stayed for it."""
    retryable: bool = True
    """Whether another try may go better; of no interest after `ok`."""
    retry_after_seconds: float | None = None
    """How long the provider asked to wait; None where it said nothing of it."""
    started_at_seconds: float | None = None
    """Since the world began; None where the host has no clock."""
    ends_at_seconds: float | None = None
    """When it shows how it ends, since the world began, to a caller who stays as long."""
    queued_seconds: float = 0.0
    """How long it waits in line, its model being busy, before anything is done for it."""
    read_to_end: bool | None = None
    """Whether the caller stayed to the end; None while it lasts, and where the host cannot see it."""
    notices_truncation: bool = False
    """Whether this caller is known to take an answer without an end marker for a failure."""


_call = unchecked(Call)


class Journal:
    """The most recent calls, at most 10,000."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=JOURNAL_CALLS)
        self._written = 0

    @property
    def calls(self) -> Sequence[Call]:
        """The calls, oldest first."""
        return tuple(self._calls)

    def write(
        self,
        request: GenerationRequest,
        plan: Plan,
        *,
        provider: str | None,
        at_seconds: float | None,
        notices_truncation: bool,
    ) -> int:
        """Add a call and return its number."""
        fault = plan.ending if isinstance(plan.ending, Fault) else None
        self._calls.append(
            _call(
                tenant_id=request.tenant_id,
                job_id=request.job_id,
                # A caller may have put anything into its token, so only a digest of it is kept.
                step=blake2b(request.idempotency_token.encode(), digest_size=8).hexdigest(),
                provider=provider,
                model=request.model,
                attempt=request.attempt,
                outcome=plan.outcome,
                retryable=fault is None or fault.retryable,
                retry_after_seconds=None if fault is None else fault.retry_after_seconds,
                started_at_seconds=at_seconds,
                ends_at_seconds=None if at_seconds is None else at_seconds + plan.ends_at_seconds,
                queued_seconds=plan.queued_seconds,
                read_to_end=None if plan.ends_at_seconds else True,  # nobody can leave what takes no time
                notices_truncation=notices_truncation,
            )
        )
        self._written += 1
        return self._written - 1

    def close(self, number: int, *, read_to_end: bool) -> None:
        """Note whether the caller of this call stayed to its end."""
        place = number - (self._written - len(self._calls))
        if place >= 0:
            self._calls[place] = self._calls[place].replace(read_to_end=read_to_end)
