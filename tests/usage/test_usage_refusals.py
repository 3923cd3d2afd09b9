"""A slip in an argument is answered in a sentence that names it, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.exports.export import export_usage
from aijobs_sdk.usage.exports.jobs import export_jobs
from aijobs_sdk.usage.usage import Usage
from usage.usage_rows import csv_text, text_row, usage_row, write

SEVEN: Any = 7
INVOICE = {"month": "2026-01", "invoice": "costs.csv", "provider": "openai"}
FOCUS = {"month": "2026-01", "path": "focus.csv", "issuer": "acme"}


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
        ("close_month", {"month": "2026-01", "reason": "half \ud800"}, "`reason` must hold no NUL, and no half"),
        ("reopen_month", {"month": "2026-01", "reason": "half \ud800"}, "`reason` must hold no NUL, and no half"),
        ("reconcile_invoice", INVOICE | {"tolerance_usd": 0.01}, "`tolerance_usd` must be an amount of dollars"),
        ("reconcile_invoice", INVOICE | {"provider": None}, "`provider` must be the name"),
        ("reconcile_invoice", INVOICE | {"provider": " "}, "`provider` must be the name"),
        ("reconcile_invoice", INVOICE | {"aliases": 7}, "`aliases` must say which model is meant"),
        ("reconcile_invoice", INVOICE | {"aliases": ["gpt"]}, "`aliases` must say which model is meant"),
        ("reconcile_invoice", INVOICE | {"aliases": {"gpt": None}}, "`aliases` must say which model is meant"),
        ("to_lake", {"place": None}, "`place` must be a path, got nothing"),
        ("to_lake", {"place": ""}, "`place` must be a path, got an empty text"),
        ("to_lake", {"place": "lake", "months": 7}, "`months` must be a list of months, such as 2026-01, got a number"),
        ("to_focus", {"month": "2026-01", "path": "focus.csv", "issuer": None}, "`issuer` must be the name"),
        ("to_focus", FOCUS | {"currency": None}, "`currency` must be three capital letters"),
        ("report", {"month": object()}, "`month` must be a month such as 2026-01, got a object"),
        ("report", {"month": "2026-01", "by": None}, "`by` must be a list of names of columns"),
        ("monthly", {"month": "2026-01", "by": 7}, "`by` must be a list of names of columns"),
        ("ingest", {"paths": None}, "`paths` must be paths, URLs or usage rows"),
        ("sql", {"query": None}, "takes one SELECT"),
        ("sql", {"query": "SELECT '\ud800'"}, "takes one SELECT"),
    ],
)
def test_a_slip_is_told_by_the_name_of_its_argument(
    usage: Usage, call: str, arguments: dict[str, object], problem: str
) -> None:
    with pytest.raises(InvalidRequestError, match=problem):
        getattr(usage, call)(**arguments)

    assert usage.quality.accepted == 0
    assert usage.month_acts == ()


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda usage, place: usage.ingest(place), "paths"),
        (lambda usage, place: usage.ingest([place]), "paths"),
        (lambda usage, place: usage.add_jobs(place), "jobs"),
        (lambda usage, place: usage.reconcile_invoice("2026-01", place, provider="openai"), "invoice"),
        (lambda usage, place: usage.report("2026-01").to_excel(place), "path"),
        (lambda _, place: Usage((), plans=place), "plans"),
        (lambda _, place: Usage((), prices=place), "prices"),
    ],
)
@pytest.mark.parametrize(
    "slip",
    [
        ("", "must be a path, got an empty text"),  # else the folder that one happens to be in is meant
        ("~nobody-here/a.csv", "begins with '~nobody-here', of whom no home is known"),
        ("a\0.csv", "holds a NUL, and no path can"),
        ("model,credits\n" * 30, "is no path, but a text of 420 characters: a file's name has at most 255"),
    ],
)
def test_what_is_no_path_is_told_by_the_name_of_its_argument(
    usage: Usage, call: Callable[[Usage, str], object], name: str, slip: tuple[str, str]
) -> None:
    place, problem = slip

    with pytest.raises(InvalidRequestError, match=f"`{name}` {problem}"):
        call(usage, place)


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda usage: usage.add_jobs(None), "`jobs` must yield jobs, or files of them, got nothing"),
        (
            lambda usage: usage.reconcile_invoice("2026-01", 7, provider="openai"),
            "`invoice` must be a path, got a number",
        ),
        (lambda _: Usage((), plans=SEVEN), "`plans` must be a path, got a number"),
        (lambda _: Usage((), prices=SEVEN), "`prices` must be a path, got a number"),
    ],
)
def test_what_cannot_be_a_path_is_told_by_the_name_of_its_argument(
    usage: Usage, call: Callable[[Any], object], problem: str
) -> None:
    with pytest.raises(InvalidRequestError, match=problem):
        call(usage)


def test_plans_may_lie_in_the_home_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path, "plans.toml", '[[budgets]]\ntenant_id = "acme"\ncredits = 5\nvalid_from = "2026-01"\n')
    rows = write(tmp_path, "a.csv", csv_text([text_row(1)]))

    with Usage(rows, plans="~/plans.toml") as usage:
        assert [one.tenant_id for one in usage.report("2026-01").budgets] == ["acme"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"store": 7}, "`store` must be a path, got a number"),
        ({"store": ""}, "`store` must be a path, got an empty text"),
        ({"strict_months": "no"}, "`strict_months` must be True or False, got a text"),
        ({"timezone": 7}, "`timezone` must be the name of a time zone, such as Europe/Berlin, got a number"),
    ],
)
def test_an_argument_that_cannot_be_is_refused_by_its_name(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidRequestError, match=problem):
        Usage((), **arguments)


@pytest.mark.parametrize(
    ("write_to", "name"),
    [("to_html", "path"), ("to_excel", "path"), ("to_csv", "folder"), ("to_parquet", "folder")],
)
@pytest.mark.parametrize("place", [7, "", b"bill"])
def test_a_report_is_written_to_a_path(usage: Usage, write_to: str, name: str, place: object) -> None:
    with pytest.raises(InvalidRequestError, match=f"`{name}` must be a path, got"):
        getattr(usage.report("2026-01"), write_to)(place)


@pytest.mark.parametrize(("export", "name"), [(export_usage, "rows"), (export_jobs, "jobs")])
@pytest.mark.parametrize("things", [None, 7, "rows", b"rows", {}])
def test_only_what_yields_rows_is_exported(
    tmp_path: Path, export: Callable[..., object], name: str, things: object
) -> None:
    with pytest.raises(InvalidRequestError, match=f"`{name}` must yield"):
        export(things, tmp_path)

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("export", "name"), [(export_usage, "rows"), (export_jobs, "jobs")])
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_what_is_none_of_them_is_told_by_what_it_is(
    tmp_path: Path, export: Callable[..., object], name: str, form: str
) -> None:
    with pytest.raises(InvalidRequestError, match=rf"`{name}` must yield .*, one is an object with 1 fields"):
        export([{"id": 1}], tmp_path, format=form)

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [7, b"january", "a\0b", "\ud800", "a" * 300])
def test_what_cannot_begin_the_name_of_a_file_is_refused(tmp_path: Path, name: Any) -> None:
    with pytest.raises(InvalidRequestError, match="cannot begin a file name"):
        export_usage([], tmp_path, name=name)


def test_a_row_among_paths_is_called_a_row(usage: Usage, tmp_path: Path) -> None:
    mixed: list[Any] = [tmp_path, usage_row()]

    with pytest.raises(InvalidRequestError, match=r"Among paths there is a usage row\. Give rows alone"):
        usage.ingest(mixed)


@pytest.mark.parametrize("export", [export_usage, export_jobs])
def test_exports_are_written_to_a_path(export: Callable[..., object]) -> None:
    with pytest.raises(InvalidRequestError, match="`directory` must be a path, got nothing"):
        export([], None)


def test_ids_may_be_text_as_they_stand_in_a_file(usage: Usage) -> None:
    assert usage.accept_corrections(reason="the later row is right", ids=[str(UUID(int=1))]).corrections == 1  # type: ignore[list-item]


def test_a_name_that_no_pattern_can_say_is_refused(usage: Usage, tmp_path: Path) -> None:
    path = write(tmp_path, "a\\[1].csv", csv_text([text_row(2)]))

    with pytest.raises(InvalidRequestError, match="has both a backslash and one of"):
        usage.ingest(path)


def test_a_name_that_is_not_in_utf_8_is_refused(usage: Usage, tmp_path: Path) -> None:
    path = write(tmp_path, "M\udce4rz.csv", csv_text([text_row(2)]))

    with pytest.raises(InvalidRequestError, match="has a name, or a folder, that is not in UTF-8"):
        usage.ingest(path.parent)
