"""The one shape of every fixed word of the contract: a member of an enum that reads as the text that it is."""

from __future__ import annotations

from enum import StrEnum


class Word(StrEnum):
    """A text that is one of a few: `job.status == "completed"` holds, and `job.status` shows as `'completed'`.

    Also in lists, counts and frames, where `<JobStatus.COMPLETED: 'completed'>` would hide what is told.
    """

    __repr__ = str.__repr__
    __hash__ = str.__hash__  # Enum's own is slow, and every step of a job looks something up
