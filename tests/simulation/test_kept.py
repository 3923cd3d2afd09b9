"""What a simulated vendor keeps stays within bounds, however much its callers send."""

from __future__ import annotations

from aijobs_sdk.simulation.kept import Kept


def test_the_oldest_goes_where_there_are_too_many() -> None:
    kept: Kept[str] = Kept(at_most=2)
    for id_ in "abc":
        kept.keep("me", id_, id_)

    assert [*kept.newest_first("me")] == ["c", "b"]


def test_the_oldest_go_where_all_of_them_are_too_large() -> None:
    kept: Kept[str] = Kept(most_bytes=10)
    for id_, size in (("a", 4), ("b", 4), ("c", 8)):
        kept.keep("me", id_, id_, size=size)

    assert [*kept.newest_first("me")] == ["c"]


def test_what_is_forgotten_makes_room() -> None:
    kept: Kept[str] = Kept(most_bytes=10)
    kept.keep("me", "a", "a", size=8)
    kept.forget("me", "a")
    kept.keep("me", "b", "b", size=8)
    kept.keep("me", "b", "b again", size=9)

    assert [*kept.newest_first("me")] == ["b again"]
