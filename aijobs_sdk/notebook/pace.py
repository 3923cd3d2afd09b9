"""How fast rows are finished, by what was seen of the last half minute."""

from __future__ import annotations

from collections import deque

WINDOW_SECONDS = 30.0
QUIET_SECONDS = 10.0
"""After so long without a finished row, what went before says nothing of what is to come."""
LEAST_SECONDS = 0.5
"""Over a shorter time a rate says nothing."""


class Pace:
    """Learns from counts as they come; a batch that was watched from its middle is judged by what was seen of it."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()
        self._rows_per_second: float | None = None

    def note(self, elapsed_seconds: float, finished: int) -> float | None:
        """Take in how far it is after so many seconds of running; return rows a second, None while that is unknown.

        The rate changes where the count does, and once where nothing has come for a while: it is not drawn anew all the
        time.
        """
        seen = self._seen
        if not seen or finished < seen[-1][1]:  # failed rows are being sent again
            seen.clear()
            seen.append((elapsed_seconds, finished))
        elif finished > seen[-1][1]:
            seen.append((elapsed_seconds, finished))
            while len(seen) > 2 and seen[1][0] < elapsed_seconds - WINDOW_SECONDS:  # noqa: PLR2004 - both ends stay
                seen.popleft()
            (first_at, first), (last_at, last) = seen[0], seen[-1]
            if last_at - first_at >= LEAST_SECONDS:
                self._rows_per_second = (last - first) / (last_at - first_at)
        return 0.0 if elapsed_seconds - seen[-1][0] >= QUIET_SECONDS else self._rows_per_second
