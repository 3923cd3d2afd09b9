"""A spool promises a list that need not fit into memory."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs_sdk.batch import spool as module
from aijobs_sdk.batch.spool import Spool
from aijobs_sdk.contract.errors import ConfigurationError
from services.full_disk import room_for

LARGE = "x" * 10_000


@given(st.lists(st.tuples(st.integers(0, 20), st.text(max_size=50) | st.just(LARGE))))
def test_it_holds_what_was_put_last(puts: list[tuple[int, str]]) -> None:
    spool: Spool[str] = Spool()
    for place, value in puts:
        spool.put(place, value)
    assert {place: spool.get(place) for place in range(21) if place in spool} == dict(puts)


@pytest.fixture
def written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WRITTEN_AT_ONCE", 100)  # so that a few values reach the disk


@pytest.mark.usefixtures("written_at_once")
def test_what_is_on_disk_reads_the_same_as_what_still_waits() -> None:
    values = [LARGE[:length] for length in (1, 99, 5_000, 10_000, 3)]
    spool: Spool[str] = Spool()
    for place, value in enumerate(values):
        spool.put(place, value)
    assert [spool.get(place) for place in range(5)] == values


def test_nothing_is_at_a_place_where_nothing_was_put() -> None:
    spool: Spool[str] = Spool()
    spool.put(2, "two")
    spool.drop(2)
    assert [place in spool for place in (-1, 0, 2, 3)] == [False] * 4
    with pytest.raises(KeyError):
        spool.get(2)


@pytest.mark.usefixtures("written_at_once")
def test_another_thread_reads_while_one_writes() -> None:
    spool: Spool[int] = Spool()
    spool.put(0, 7)
    seen: set[int] = set()
    reader = threading.Thread(target=lambda: seen.update(spool.get(0) for _ in range(2_000)))
    reader.start()
    for place in range(1, 2_000):
        spool.put(place, place)
    reader.join()
    assert seen == {7}


@pytest.mark.usefixtures("written_at_once")
def test_a_disk_without_room_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere at all")
    with pytest.raises(ConfigurationError, match=r"Cannot keep the rows of this batch in /nowhere at all: .* TMPDIR"):
        Spool[str]().put(0, LARGE)


@pytest.mark.usefixtures("written_at_once")
def test_a_disk_that_was_full_for_a_while_spoils_nothing_that_comes_after() -> None:
    spool: Spool[str] = Spool()
    spool.put(0, "first" + LARGE)
    with room_for(15_000), pytest.raises(ConfigurationError, match="Make room there"):
        spool.put(1, "never" + LARGE)
    spool.put(1, "second" + LARGE)
    spool.put(2, "third" + LARGE)
    assert [spool.get(place)[:6] for place in range(3)] == ["firstx", "second", "thirdx"]
