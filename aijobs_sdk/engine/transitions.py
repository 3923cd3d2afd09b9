"""The table of how a job may move: `docs/lifecycle.md` is drawn from it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from aijobs_sdk.contract.job import JobState


class Verb(StrEnum):
    """What can be done to a job."""

    CLAIM = "claim"
    EXTEND = "extend"
    REPORT = "report"
    COMPLETE = "complete"
    RETRY = "retry"
    FAIL = "fail"
    RELEASE = "release"
    REQUEST_CANCEL = "request cancel"
    CANCEL = "cancel"

    __hash__ = str.__hash__  # as of a state: every step looks into the table


TABLE: Mapping[tuple[JobState, Verb], JobState] = {
    (JobState.SCHEDULED, Verb.CLAIM): JobState.RUNNING,
    (JobState.READY, Verb.CLAIM): JobState.RUNNING,
    (JobState.RETRY_WAIT, Verb.CLAIM): JobState.RUNNING,
    (JobState.RUNNING, Verb.EXTEND): JobState.RUNNING,
    (JobState.RUNNING, Verb.REPORT): JobState.RUNNING,
    (JobState.RUNNING, Verb.COMPLETE): JobState.COMPLETED,
    (JobState.RUNNING, Verb.RETRY): JobState.RETRY_WAIT,
    (JobState.RUNNING, Verb.FAIL): JobState.FAILED,
    (JobState.RUNNING, Verb.RELEASE): JobState.READY,
    (JobState.RUNNING, Verb.CANCEL): JobState.CANCELLED,
    (JobState.SCHEDULED, Verb.REQUEST_CANCEL): JobState.CANCELLED,
    (JobState.READY, Verb.REQUEST_CANCEL): JobState.CANCELLED,
    (JobState.RETRY_WAIT, Verb.REQUEST_CANCEL): JobState.CANCELLED,
    (JobState.RUNNING, Verb.REQUEST_CANCEL): JobState.RUNNING,
    (JobState.COMPLETED, Verb.REQUEST_CANCEL): JobState.COMPLETED,
    (JobState.FAILED, Verb.REQUEST_CANCEL): JobState.FAILED,
    (JobState.CANCELLED, Verb.REQUEST_CANCEL): JobState.CANCELLED,
}
"""From where, by what, to where. A pair that is not here cannot happen: `advance()` refuses it."""
CLAIMABLE = frozenset(state for state, verb in TABLE if verb is Verb.CLAIM)


class ForbiddenTransitionError(RuntimeError):
    """The table has no such transition: a bug in the caller, not an outcome."""


def next_state(state: JobState, verb: Verb) -> JobState:
    """Return where a job goes that this is done to.

    Raises:
        ForbiddenTransitionError: nowhere.
    """
    try:
        return TABLE[state, verb]
    except KeyError:
        raise ForbiddenTransitionError(f"Cannot {verb} a job that is {state}.") from None
