import time
from uuid import RFC_4122

from aijobs_sdk.engine.ids import new_id


def test_ids_are_of_version_seven_and_all_different() -> None:
    ids = [new_id() for _ in range(1000)]
    assert {(one.version, one.variant) for one in ids} == {(7, RFC_4122)}
    assert len(set(ids)) == len(ids)


def test_ids_sort_by_when_they_were_made() -> None:
    earlier = new_id()
    time.sleep(0.002)
    assert earlier < new_id()


def test_an_id_holds_the_millisecond_it_was_made_in() -> None:
    before = time.time_ns() // 1_000_000
    made_in = new_id().int >> 80
    assert before <= made_in <= time.time_ns() // 1_000_000
