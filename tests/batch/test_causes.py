"""What rows have failed of, counted as it happens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aijobs_sdk.batch.keeping.causes import EXAMPLES, Causes
from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo

CODES = ("timeout", "rate_limited", "content_filtered")
FAILURES = st.dictionaries(st.integers(0, 60), st.sampled_from(CODES))


def error(row: int, code: str) -> ErrorInfo:
    return ErrorInfo(code=code, category=ErrorCategory.PROVIDER, message=f"Row {row + 1} failed.")


def counted(failures: dict[int, str]) -> Causes:
    causes = Causes()
    for row, code in failures.items():
        causes.add(error(row, code), [row])
    return causes


def expected(failures: dict[int, str]) -> dict[str, tuple[int, tuple[int, ...], str]]:
    """Return by code: how many rows, the numbers of the first, and what the very first said."""
    rows = {code: sorted(row for row, of in failures.items() if of == code) for code in CODES}
    return {
        code: (len(some), tuple(row + 1 for row in some[:EXAMPLES]), f"Row {some[0] + 1} failed.")
        for code, some in rows.items()
        if some
    }


@given(FAILURES)
def test_in_whatever_order_rows_fail_the_first_of_each_cause_are_known(failures: dict[int, str]) -> None:
    told = counted(failures).told()
    assert {one.code: (one.count, one.examples, one.message) for one in told} == expected(failures)
    assert [one.count for one in told] == sorted((one.count for one in told), reverse=True)


@given(FAILURES, st.sets(st.integers(0, 60)))
def test_rows_that_are_taken_out_count_no_more(failures: dict[int, str], again: set[int]) -> None:
    causes = counted(failures)
    for row in again & failures.keys():
        causes.take_out(error(row, failures[row]), [row])
    left = {row: code for row, code in failures.items() if row not in again}
    assert {one.code: one.count for one in causes.told()} == {code: one[0] for code, one in expected(left).items()}
    assert {number for one in causes.told() for number in one.examples} <= {row + 1 for row in left}


def test_it_is_the_same_object_until_something_changes() -> None:
    causes = counted({3: "timeout"})
    first = causes.told()
    same = causes.told() is first
    causes.add(error(4, "timeout"), [4])
    assert (same, causes.told()[0].count, first[0].count) == (True, 2, 1)
