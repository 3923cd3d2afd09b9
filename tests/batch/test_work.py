"""The name of a row's work promises to be read back from the idempotency key of its job."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs_sdk.batch.running.work import Work, read_work

WORK = st.builds(
    Work,
    key=st.binary(min_size=16, max_size=16).map(bytes.hex),
    copy=st.integers(0, 10**7),
    step=st.sampled_from(["", "turn/2", "turn/31", "repair"]),
    retry=st.integers(0, 99),
)


@given(WORK)
def test_it_is_read_back(work: Work) -> None:
    key = work.idempotency_key(uuid4())
    assert (read_work(key), len(key) <= 255) == (work, True)


@given(WORK, WORK)
def test_two_works_have_two_names(one: Work, other: Work) -> None:
    assert (one.name == other.name) == (one == other)


@pytest.mark.parametrize("key", [None, "", "order-7", "batch/7/abc", f"batch/{UUID(int=7)}/{'a' * 31}"])
def test_a_key_that_no_batch_made_is_none_of_ours(key: str | None) -> None:
    assert read_work(key) is None
