"""A process that is killed when a provider has answered: `killed_at_commit.py URL before|after`, the commit."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import aijobs_sdk as aijobs
from aijobs_sdk.contract.store import Done
from aijobs_sdk.stores.sql.store import SqlStore

really_finish = SqlStore.finish


async def finish(store: SqlStore, lease: Any, outcome: Any) -> Any:
    """End in the moment of the commit that keeps what the provider answered."""
    assert isinstance(outcome, Done), outcome
    if WHEN == "after":
        await really_finish(store, lease, outcome)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    url, WHEN = sys.argv[1:]
    SqlStore.finish = finish  # type: ignore[method-assign, assignment]
    aijobs.Client(url).submit("Write about rivers.", model="gpt-5.2").result()
