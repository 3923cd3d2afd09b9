"""Those who read over one stream, by the job that they follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from aijobs_sdk.backends.http.follower import Follower
from aijobs_sdk.contract.events import JobEvent


class Readers:
    """Followers, several of one job among them; those whose job is over leave by themselves."""

    def __init__(self, followers: Iterable[Follower]) -> None:
        self._of: dict[UUID, list[Follower]] = {}
        for follower in followers:
            self._of.setdefault(follower.job_id, []).append(follower)

    def __len__(self) -> int:
        """Return how many jobs are followed."""
        return len(self._of)

    def __iter__(self) -> Iterator[Follower]:
        return iter([follower for followers in self._of.values() for follower in followers])

    def of(self, job_id: UUID) -> list[Follower]:
        """Return those who follow this job."""
        return list(self._of.get(job_id, ()))

    def positions(self) -> dict[UUID, int]:
        """Return up to where all who follow a job have seen its log, by job."""
        return {job_id: min(one.seen for one in followers) for job_id, followers in self._of.items()}

    def want_log(self, job_id: UUID) -> bool:
        """Whether somebody who follows this job wants each of its events."""
        return any(follower.wants_log for follower in self._of.get(job_id, ()))

    def are_one(self) -> bool:
        """Whether there is a single reader, who keeps nobody waiting."""
        return len(self._of) == 1 and all(len(followers) == 1 for followers in self._of.values())

    def take(self, event: JobEvent) -> bool:
        """Hand an event to those who follow its job, and return whether it was new to any of them.

        Raises:
            GapError: one before it is missing; nobody may have been handed this one.
        """
        new = False
        for follower in self._of.get(event.job_id, ()):
            new = follower.take(event) or new
        self._forget_over(event.job_id)
        return new

    def announce_gap(self, job_id: UUID) -> None:
        """Note that the next event of this job may be any."""
        for follower in self._of.get(job_id, ()):
            follower.announce_gap()

    def end(self, job_id: UUID) -> None:
        """Let those who follow this job know that nothing more comes."""
        for follower in self._of.pop(job_id, ()):
            follower.end()

    def fail(self, job_id: UUID, error: BaseException) -> None:
        """Let those who follow this job know why nothing more comes."""
        for follower in self._of.pop(job_id, ()):
            follower.fail(error)

    def remove(self, follower: Follower) -> bool:
        """Note that this one reads here no more, and return whether it did."""
        followers = self._of.get(follower.job_id, [])
        if follower not in followers:
            return False
        followers.remove(follower)
        if not followers:
            del self._of[follower.job_id]
        return True

    def _forget_over(self, job_id: UUID) -> None:
        if all(follower.is_over for follower in self._of.get(job_id, ())):
            self._of.pop(job_id, None)
