"""The batches at vendors that jobs of this process wait for: sent once, and found again by whoever has lost sight."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from aijobs_sdk.contract.economy import BatchIntent, BatchProvider, RemoteBatch, RemoteState
from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.provider import GenerationRequest
from aijobs_sdk.engine.context import JobContext

_MOST_REMEMBERED = 10_000
"""Beyond that the oldest are looked for again."""
_SAID_NO = frozenset(
    {ErrorCategory.VALIDATION, ErrorCategory.AUTHENTICATION, ErrorCategory.RATE_LIMIT, ErrorCategory.QUOTA}
)
"""Whoever is sent away so knows that no batch was made."""
_BEFORE = timedelta(seconds=1)


class Owner(NamedTuple):
    """The job that a batch is for: its tenant is a part of the name, so that nobody can name another's."""

    tenant_id: UUID
    job_id: UUID

    def token(self, attempt: int) -> str:
        """Return what the batch is known by that was sent in an attempt."""
        return f"{self.tenant_id}/{self.job_id}/economy/{attempt}"


class Turn(NamedTuple):
    """A job in the hands of this process, once more."""

    owner: Owner
    attempt: int
    claim: int
    """How often the job was claimed, by whichever process."""
    begun_at: datetime
    """When it was tried first."""

    @classmethod
    def of(cls, context: JobContext) -> Turn:
        """Return the turn that an attempt is."""
        job = context.job
        begun_at = job.started_at or context.clock.now()
        return cls(Owner(job.tenant_id, job.id), context.attempt, context.claims, begun_at)

    def intents(self, size: int, endpoint: str | None) -> Sequence[BatchIntent]:
        """Return what may have been sent until now, the newest first."""
        return [
            BatchIntent(
                token=self.owner.token(attempt), size=size, endpoint=endpoint, written_at=self.begun_at - _BEFORE
            )
            for attempt in range(self.attempt, 0, -1)
        ]


class _Known(NamedTuple):
    """What was known of a job's batch, when this process had that job last."""

    batch: RemoteBatch | None
    """None where it was certain that there is none."""
    turn: Turn

    def holds(self, turn: Turn) -> bool:
        """Return whether it is still so: another process may have had the job since, and sent a batch."""
        if self.batch is None:
            return turn.claim == self.turn.claim + 1
        return turn.attempt == self.turn.attempt


class Remotes:
    """What this process knows of batches at vendors."""

    def __init__(self) -> None:
        self._known: OrderedDict[Owner, _Known] = OrderedDict()

    async def recall(self, turn: Turn, provider: BatchProvider) -> RemoteBatch | None:
        """Return the batch that this process knows of, as it is now.

        Raises:
            ProviderError: it cannot be told now.
        """
        known = self._known.get(turn.owner)
        if known is None or known.batch is None or not known.holds(turn):
            return None
        return self._remember(turn, await provider.batch_status(known.batch))

    async def find(self, turn: Turn, size: int, endpoint: str | None, provider: BatchProvider) -> RemoteBatch | None:
        """Return the batch that some process has sent; None where none did, or the vendor did not begin with it.

        Raises:
            ProviderError: it cannot be told now.
        """
        known = self._known.get(turn.owner)
        if turn.claim == 1 or (known is not None and known.batch is None and known.holds(turn)):
            return None
        for intent in turn.intents(size, endpoint):
            found = await provider.find_batch(intent)
            if found is not None and found.state is not RemoteState.FAILED:
                return self._remember(turn, found)
        return None

    async def send(self, turn: Turn, requests: Sequence[GenerationRequest], provider: BatchProvider) -> RemoteBatch:
        """Return the batch that these requests now are.

        Raises:
            ProviderError: whatever went wrong; it may have been sent.
        """
        self.forget(turn.owner)
        try:
            batch = await provider.submit_batch(requests, token=turn.owner.token(turn.attempt))
        except ProviderError as error:
            if error.category in _SAID_NO:
                self.note_none(turn)
            raise
        return self._remember(turn, batch)

    def note_none(self, turn: Turn) -> None:
        """Keep in mind that there is no batch that would be of use."""
        self._note(turn, None)

    def forget(self, owner: Owner) -> None:
        """Keep in mind nothing of a job's batch."""
        self._known.pop(owner, None)

    def _remember(self, turn: Turn, batch: RemoteBatch) -> RemoteBatch:
        self._note(turn, batch)
        return batch

    def _note(self, turn: Turn, batch: RemoteBatch | None) -> None:
        self._known[turn.owner] = _Known(batch, turn)
        while len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)
