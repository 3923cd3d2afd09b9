"""A ledger promises that any thread may look at its rows while they are run."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from aijobs_sdk.batch.asking.item import Item
from aijobs_sdk.batch.keeping.ledger import Ledger
from aijobs_sdk.batch.keeping.outcome import refused
from aijobs_sdk.batch.row import RowStatus


def test_a_row_that_is_asked_again_while_it_is_looked_at_is_pending() -> None:
    ledger = Ledger(dedupe=True)
    ledger.add(Item(0, {}, {"model": "gpt-5.2"}))
    ledger.close()
    ledger.settle(0, refused("too_long", "It is too long."))
    with ThreadPoolExecutor() as another, ledger._outcomes._lock:
        looking = another.submit(ledger.row, 0)
        time.sleep(0.05)  # it is about to read what became of the row
        ledger._outcomes.drop(0)
    assert looking.result().status is RowStatus.PENDING
