"""Whether a failed attempt is tried again, and when."""

from __future__ import annotations

from aijobs_sdk.contract.error_info import ErrorInfo
from aijobs_sdk.contract.store import Fail, Retry

LONGEST_BACKOFF_SECONDS = 60.0
RETRY_AFTER_SPREAD = 0.1
"""A wait that a provider asked for is stretched by up to this share, so that a thousand jobs do not return at once."""


def backoff_seconds(attempt: int, draw: float) -> float:
    """Return the wait after a failed `attempt` (1-based): up to min(60, 2 * 2**attempt), as `draw` in [0, 1) says.

    "Full jitter", AWS Architecture Blog, "Exponential Backoff And Jitter".
    """
    doublings = min(attempt, 10)  # enough for the longest, and of a thousand there is no float
    return draw * min(LONGEST_BACKOFF_SECONDS, 2.0 * 2.0**doublings)


def after_failure(error: ErrorInfo, *, draw: float, retry_after_seconds: float | None = None) -> Retry | Fail:
    """Return what follows a failed attempt: an error that may pass is tried again, while the job has attempts left.

    A provider's `retry_after_seconds` wins over our own delay. None at all, as of a date that is over, says that the
    provider has no wish: who came again at once would be out of attempts before anything could pass.
    """
    if not error.retryable:
        return Fail(error)
    if retry_after_seconds:
        return Retry(error, retry_after_seconds * (1 + RETRY_AFTER_SPREAD * draw))
    return Retry(error, backoff_seconds(error.attempt or 1, draw))
