"""Jobs of one call are asked about one after the other, so that the next few are known with the first."""

from __future__ import annotations

from uuid import UUID

from aijobs_sdk.backends.http.company import AT_ONCE, MOST_CALLS, Company

IDS = [UUID(int=n) for n in range(1, 201)]


def test_a_job_is_followed_by_the_next_of_its_call() -> None:
    company = Company()
    company.note(IDS)
    assert list(company.of(IDS[10])) == IDS[11 : 10 + AT_ONCE]
    assert list(company.of(IDS[-1])) == []


def test_calls_are_not_mixed_up() -> None:
    company = Company()
    company.note(IDS[:3])
    company.note(IDS[3:])
    assert list(company.of(IDS[0])) == IDS[1:3]


def test_a_job_that_nobody_noted_is_alone() -> None:
    assert list(Company().of(IDS[0])) == []


def test_calls_of_long_ago_are_forgotten() -> None:
    company = Company()
    company.note(IDS[:2])
    company.note(IDS[2:4])
    for n in range(MOST_CALLS - 1):
        company.note([UUID(int=1000 + n), UUID(int=2000 + n)])
    assert (list(company.of(IDS[0])), list(company.of(IDS[2]))) == ([], [IDS[3]])
