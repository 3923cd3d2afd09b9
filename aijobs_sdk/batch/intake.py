"""Rows into a ledger: each is read, filled in and checked before the first is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from threading import Lock

from aijobs_sdk.batch.asking.item import Item
from aijobs_sdk.batch.asking.recipe import Recipe
from aijobs_sdk.batch.economy.chunk_sending import checked_for_economy
from aijobs_sdk.batch.in_parts import refusals_in_parts
from aijobs_sdk.batch.keeping.ledger import Ledger
from aijobs_sdk.batch.reading.rows import Row
from aijobs_sdk.batch.refusal import broken_source, refusal_of
from aijobs_sdk.batch.running.sending import checked
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.contract.shapes import shortened
from aijobs_sdk.engine.own_thread import run_in_thread

READ_AHEAD = 100
"""Rows that are read when a batch is made, so that most mistakes show in the line that made them."""
READ_AT_ONCE = 500
CHECKED_AT_ONCE = 100
MOST_REFUSED = 1000
"""So many rows that cannot be sent are enough to know."""


async def check_lanes(concurrency: int | Mapping[str, int], ledger: Ledger, backend: Backend) -> None:
    """Return when a concurrency is said for models: those of the rows, or others that there are.

    Raises:
        InvalidRequestError: it names what is none, and was to hold for another.
    """
    named = () if isinstance(concurrency, int) else [name for name in concurrency if name not in ledger.models]
    if not named:
        return
    refused = await backend.refusals([checked({"model": name, "prompt": "Is there such a model?"}) for name in named])
    for place, error in refused.items():
        if error.code == "unknown_model":
            raise bad_argument("concurrency", f"names {shortened(named[place])!r}, which {error.fields[0].problem}")


class Intake:
    """The rows of a source, on their way in. The first of them are read at once.

    A source gives each row once: what was taken of it is kept until it is in the ledger, so that whoever comes after
    one who was interrupted goes on there, on whichever loop.

    Raises:
        InvalidRequestError: one of them cannot be used, or there is none.
    """

    def __init__(self, rows: Iterator[Row], recipe: Recipe, *, economy: bool = False) -> None:
        self._items = recipe.items(rows)
        self._asks_a_row = recipe.asks_a_row
        self._checked = checked_for_economy if economy else checked
        self._waiting: list[Item] = []
        """Read, and not in the ledger yet."""
        self._refused: dict[int, InvalidRequestError] = {}
        """By the number of the row, from 0."""
        self._broken: InvalidRequestError | None = None
        """Why nothing more is to be had from the source, where that is not its end."""
        self._is_over = False
        self._reading = Lock()
        self._read(READ_AHEAD)

    async def into(self, ledger: Ledger, backend: Backend) -> None:
        """Read into a ledger all rows that are not there yet: always the same one, and one caller at a time.

        Raises:
            InvalidRequestError: rows cannot be used; they are named.
        """
        while len(self._refused) < MOST_REFUSED and (some := await self._next()):
            await self._check([item for item in some if item.skipped is None], backend)
            for item in some:
                ledger.add(item)
                del self._waiting[0]
        if self._refused:
            raise refusal_of(self._refused)
        if not self._is_over:
            ledger.close()
            self._is_over = True

    async def _next(self) -> Sequence[Item]:
        """Return the rows that come next; none at the end."""
        if not self._waiting:
            await run_in_thread(self._read, READ_AT_ONCE)  # of one that waits for its rows nobody need wait
        return self._waiting[:CHECKED_AT_ONCE]

    def _read(self, most: int) -> None:
        with self._reading:  # whoever waited for the last ones may have been interrupted: they are read all the same
            if self._broken is not None:
                raise self._broken
            try:
                self._waiting += list(islice(self._items, most))
            except Exception as error:
                self._broken = error if isinstance(error, InvalidRequestError) else broken_source(error)
                raise

    async def _check(self, items: Sequence[Item], backend: Backend) -> None:
        found = await refusals_in_parts([self._checked(item.payload) for item in items], backend)
        for place, error in found.items():
            self._refused.setdefault(items[place].index // self._asks_a_row, error)
        await asyncio.sleep(0)  # others run on this loop too
