"""What a row's work is called: in the idempotency keys of its jobs, by which a journal finds them again."""

from __future__ import annotations

import re
from typing import NamedTuple
from uuid import UUID

_NAMED = re.compile(
    r"batch/(?P<batch>[0-9a-f-]{36})/(?P<key>[0-9a-f]{32})(\.(?P<copy>\d+))?"
    r"(/(?P<step>turn/\d+|repair))?(/retry/(?P<retry>\d+))?"
)


class Work(NamedTuple):
    """One job of a row."""

    key: str
    copy: int = 0
    """Which of the rows of this key it is for, where each of them is asked alone."""
    step: str = ""
    retry: int = 0
    """How often this step was asked again after a failure."""

    @property
    def name(self) -> str:
        """What the simulation's draws hang on: the same in every batch, so that equal prompts get equal answers."""
        copy = f".{self.copy}" if self.copy else ""
        step = f"/{self.step}" if self.step else ""
        retry = f"/retry/{self.retry}" if self.retry else ""
        return f"{self.key}{copy}{step}{retry}"

    def idempotency_key(self, batch_id: UUID) -> str:
        """Return the key by which sending it twice is harmless, as when an answer to a submit was lost."""
        return f"batch/{batch_id}/{self.name}"


def read_work(idempotency_key: str | None) -> Work | None:
    """Return the work that a job of a batch was for; None for a key that no batch made."""
    named = _NAMED.fullmatch(idempotency_key or "")
    if named is None:
        return None
    return Work(named["key"], int(named["copy"] or 0), named["step"] or "", int(named["retry"] or 0))
