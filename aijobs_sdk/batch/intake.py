"""Rows into a ledger: each is read, filled in and checked before the first is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice

from aijobs_sdk.batch.asking.item import Item
from aijobs_sdk.batch.asking.recipe import Recipe
from aijobs_sdk.batch.economy.chunk_sending import checked_for_economy
from aijobs_sdk.batch.keeping.ledger import Ledger
from aijobs_sdk.batch.reading.rows import Row
from aijobs_sdk.batch.refusal import refusal_of
from aijobs_sdk.batch.running.sending import checked
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.errors import InvalidRequestError

READ_AHEAD = 100
"""Rows that are read when a batch is made, so that most mistakes show in the line that made them."""
READ_AT_ONCE = 500
CHECKED_AT_ONCE = 100
MOST_REFUSED = 1000
"""So many rows that cannot be sent are enough to know."""


class Intake:
    """The rows of a source, on their way in. The first of them are read at once.

    Raises:
        InvalidRequestError: one of them cannot be used, or there is none.
    """

    def __init__(self, rows: Iterator[Row], recipe: Recipe, *, economy: bool = False) -> None:
        self._items = recipe.items(rows)
        self._checked = checked_for_economy if economy else checked
        self._first = self._take(READ_AHEAD)

    async def into(self, ledger: Ledger, backend: Backend) -> None:
        """Read all rows into a ledger.

        Raises:
            InvalidRequestError: rows cannot be used; they are named.
        """
        refused: dict[int, InvalidRequestError] = {}
        some: Sequence[Item] = self._first
        while some and len(refused) < MOST_REFUSED:
            for item in some:
                ledger.add(item)
            refused |= await self._refused([item for item in some if item.skipped is None], backend)
            some = await asyncio.to_thread(self._take, READ_AT_ONCE)
        if refused:
            raise refusal_of(refused)
        ledger.close()

    def _take(self, most: int) -> list[Item]:
        return list(islice(self._items, most))

    async def _refused(self, items: Sequence[Item], backend: Backend) -> dict[int, InvalidRequestError]:
        refused: dict[int, InvalidRequestError] = {}
        for start in range(0, len(items), CHECKED_AT_ONCE):
            some = items[start : start + CHECKED_AT_ONCE]
            found = await backend.refusals([self._checked(item.payload) for item in some])
            refused |= {some[place].index: error for place, error in found.items()}
            await asyncio.sleep(0)  # others run on this loop too
        return refused
