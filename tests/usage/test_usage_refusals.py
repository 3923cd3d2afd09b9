"""A slip in an argument is answered in a sentence that names it, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.usage import Usage
from usage.usage_rows import csv_text, text_row, write

INVOICE = {"month": "2026-01", "invoice": "costs.csv", "provider": "openai"}


@pytest.fixture
def usage(tmp_path: Path) -> Iterator[Usage]:
    rows = [text_row(1), text_row(1, credits_used="9")]
    with Usage(write(tmp_path, "a.csv", csv_text(rows))) as opened:
        yield opened


@pytest.mark.parametrize(
    ("call", "arguments", "problem"),
    [
        ("accept_corrections", {"reason": None}, "`reason` must say why"),
        ("accept_corrections", {"reason": "x", "ids": str(UUID(int=1))}, "`ids` must be a list of ids"),
        ("accept_corrections", {"reason": "x", "ids": UUID(int=1)}, "`ids` must be a list of ids"),
        ("accept_corrections", {"reason": "x", "ids": ["seven"]}, "`ids` must be a list of ids"),
        ("reopen_month", {"month": "2026-01", "reason": None}, "`reason` must say why"),
        ("close_month", {"month": "2026-01", "reason": None}, "`reason` must be text"),
        ("reconcile_invoice", INVOICE | {"tolerance_usd": 0.01}, "`tolerance_usd` must be an amount of dollars"),
        ("reconcile_invoice", INVOICE | {"provider": None}, "`provider` must be the name"),
        ("to_focus", {"month": "2026-01", "path": "focus.csv", "issuer": None}, "`issuer` must be the name"),
        ("report", {"month": "2026-01", "by": None}, "`by` must be a list of names of columns"),
        ("monthly", {"month": "2026-01", "by": 7}, "`by` must be a list of names of columns"),
        ("ingest", {"paths": None}, "`paths` must be paths, URLs or usage rows"),
        ("sql", {"query": None}, "takes one SELECT"),
    ],
)
def test_a_slip_is_told_by_the_name_of_its_argument(
    usage: Usage, call: str, arguments: dict[str, object], problem: str
) -> None:
    with pytest.raises(InvalidRequestError, match=problem):
        getattr(usage, call)(**arguments)

    assert usage.quality.accepted == 0
    assert usage.month_acts == ()


def test_ids_may_be_text_as_they_stand_in_a_file(usage: Usage) -> None:
    assert usage.accept_corrections(reason="the later row is right", ids=[str(UUID(int=1))]).corrections == 1  # type: ignore[list-item]


def test_a_name_that_no_pattern_can_say_is_refused(usage: Usage, tmp_path: Path) -> None:
    path = write(tmp_path, "a\\[1].csv", csv_text([text_row(2)]))

    with pytest.raises(InvalidRequestError, match="has both a backslash and one of"):
        usage.ingest(path)
