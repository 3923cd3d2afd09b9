"""Rows are checked and priced in parts that a server takes, whatever their size; the one that none takes is named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic_core import to_json

import aijobs_sdk as aijobs
from aijobs_sdk.contract.errors import InvalidRequestError, RequestTooLargeError
from aijobs_sdk.contract.job import JobRequest
from batch.batch_worlds import WatchedBackend, a_batch

pytestmark = pytest.mark.anyio

MIB = 2**20


class NarrowBackend(WatchedBackend):
    """A backend whose server takes so many bytes at once."""

    def __init__(self, client: aijobs.AsyncClient, most_bytes: int) -> None:
        super().__init__(client)
        self._most = most_bytes
        self.largest = 0

    async def refusals(self, requests: Sequence[JobRequest]) -> Any:
        self._take(requests)
        return await self._backend.refusals(requests)

    async def estimate(self, requests: Sequence[JobRequest]) -> Any:
        self._take(requests)
        return await self._backend.estimate(requests)

    def _take(self, requests: Sequence[JobRequest]) -> None:
        size = len(to_json(requests))
        self.largest = max(self.largest, size)
        if size > self._most:
            raise RequestTooLargeError(f"A request may have {self._most:,} bytes. Send it in parts.")


def documents(sizes: Sequence[int]) -> list[dict[str, str]]:
    return [{"task": f"{n}: " + "word " * (size // 5)} for n, size in enumerate(sizes)]


@pytest.mark.usefixtures("sim")
@pytest.mark.parametrize("economy", [False, True])
@pytest.mark.parametrize("most_bytes", [8 * MIB, MIB])
async def test_documents_are_checked_and_priced_whatever_they_come_to(most_bytes: int, economy: bool) -> None:
    backend = NarrowBackend(aijobs.AsyncClient(), most_bytes)
    estimate = await a_batch(backend, documents([100_000] * 90), economy=economy).estimate()
    assert (estimate.rows, estimate.sampled) == (90, 90)
    assert backend.largest < 5 * MIB


@pytest.mark.usefixtures("sim")
async def test_a_row_that_no_request_can_hold_is_refused_by_its_number() -> None:
    backend = NarrowBackend(aijobs.AsyncClient(), MIB)
    sizes = [300_000] * 8
    sizes[5] = 2 * MIB
    with pytest.raises(InvalidRequestError, match=r"Row 6 \(index 5\) cannot be sent: it is too large for the server"):
        await a_batch(backend, documents(sizes), model="gemini-3-flash").run()


async def test_a_refused_row_has_its_own_number_however_many_models_are_asked(backend: WatchedBackend) -> None:
    rows = documents([10, 10, 4_000_000])
    with pytest.raises(InvalidRequestError, match=r"Row 3 \(index 2\) cannot be sent") as refusal:
        await a_batch(backend, rows, model=["gpt-5.2", "claude-opus-4.5"]).run()
    assert [field.field for field in refusal.value.fields] == ["rows[2]"]
