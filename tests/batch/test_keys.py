"""Keys promise to tell which rows ask the same, whatever order they come in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aijobs_sdk.batch.keeping.keys import Keys

KEYS = st.lists(st.integers(0, 9).map(lambda number: f"{number:032x}"), max_size=30)


def keys_of(given_keys: list[str]) -> Keys:
    keys = Keys()
    for key in given_keys:
        keys.add(key)
    return keys


@given(KEYS)
def test_the_rows_of_a_key_are_found_in_their_order(given_keys: list[str]) -> None:
    keys = keys_of(given_keys)
    found = {key: list(keys.rows_of(key)) for key in set(given_keys)}
    assert found == {key: [n for n, one in enumerate(given_keys) if one == key] for key in set(given_keys)}


@given(KEYS)
def test_the_leader_of_a_row_is_the_first_that_asks_the_same(given_keys: list[str]) -> None:
    assert list(keys_of(given_keys).leaders()) == [given_keys.index(key) for key in given_keys]


@given(KEYS)
def test_a_row_is_found_by_its_key_and_its_place_among_the_rows_of_that(given_keys: list[str]) -> None:
    keys = keys_of(given_keys)
    places = keys.places()
    assert [keys.nth_of(key, place) for key, place in zip(given_keys, places, strict=True)] == [*range(len(keys))]
    assert list(places) == [given_keys[:n].count(key) for n, key in enumerate(given_keys)]


@given(KEYS)
def test_a_key_that_no_row_has_is_not_found(given_keys: list[str]) -> None:
    keys = keys_of(given_keys)
    assert list(keys.rows_of("f" * 32)) == []
    assert {keys.nth_of(key, place) for key in ("f" * 32, "0" * 32) for place in (30, 31)} == {None}


def test_the_digest_tells_other_rows_and_another_order() -> None:
    a, b = "a" * 32, "b" * 32
    digests = [keys_of(rows).digest for rows in ([a, b], [b, a], [a], [])]
    assert len(set(digests)) == 4
    assert keys_of([a, b]).digest == digests[0]
