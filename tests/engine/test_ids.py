from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122

import pytest

from aijobs_sdk.engine.ids import new_id


def test_ids_are_of_version_seven_and_all_different() -> None:
    ids = [new_id() for _ in range(1000)]
    assert {(one.version, one.variant) for one in ids} == {(7, RFC_4122)}
    assert len(set(ids)) == len(ids)


def test_ids_sort_by_when_they_were_made_within_a_millisecond_as_well() -> None:
    ids = [new_id() for _ in range(10_000)]
    assert ids == sorted(ids)


def test_ids_go_on_where_they_were_when_the_clock_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert earlier < new_id()


def test_threads_never_get_the_same_id() -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: [new_id() for _ in range(2_000)], range(4)))
    assert len(set().union(*made)) == 4 * 2_000


def test_an_id_holds_the_millisecond_it_was_made_in() -> None:
    before = time.time_ns() // 1_000_000
    made_in = new_id().int >> 80
    assert before <= made_in <= time.time_ns() // 1_000_000
