"""An answer as far as it is written: pieces in, its end out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aijobs_sdk.client.written import Written
from aijobs_sdk.notebook.fitting import end_of

PIECES = st.lists(st.tuples(st.text(max_size=5), st.floats(0, 1)))


@given(PIECES, st.integers(1, 12))
def test_its_end_is_that_of_all_pieces_put_where_they_belong(pieces: list[tuple[str, float]], characters: int) -> None:
    written, answer = Written(), ""
    for text, place in pieces:
        offset = round(place * len(answer))
        answer = answer[:offset] + text
        written.add(text, offset=offset)
    assert written.end(len(answer)) == answer
    assert written.end(characters) == end_of(answer, characters)


def test_nothing_is_written_yet() -> None:
    assert Written().end(240) == ""
