"""Which jobs were submitted together: a loop over their results asks about one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from uuid import UUID

AT_ONCE = 50
"""So many are looked at where one is asked about; more would mostly be told of again before they are over."""
MOST_CALLS = 100
"""Of earlier calls nobody is likely to ask any more."""


class Company:
    """The jobs of the last calls that submitted many, in their order."""

    def __init__(self) -> None:
        self._calls: dict[int, Sequence[UUID]] = {}
        self._places: dict[UUID, tuple[int, int]] = {}
        self._noted = 0

    def note(self, job_ids: Sequence[UUID]) -> None:
        """Note that these were submitted by one call."""
        self._noted += 1
        self._calls[self._noted] = job_ids
        self._places.update({job_id: (self._noted, place) for place, job_id in enumerate(job_ids)})
        if len(self._calls) > MOST_CALLS:
            for job_id in self._calls.pop(next(iter(self._calls))):
                self._places.pop(job_id, None)

    def of(self, job_id: UUID) -> Sequence[UUID]:
        """Return the jobs that follow this one; none where it came alone."""
        call, place = self._places.get(job_id, (0, 0))
        return [*islice(self._calls.get(call, ()), place + 1, place + AT_ONCE)]
