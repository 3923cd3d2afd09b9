"""`aijobs usage report`: what a month cost, to a screen, to a program, or to files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack

import click

from aijobs_sdk.cli.options import json_option
from aijobs_sdk.cli.usage_options import (
    A_FILE,
    A_FOLDER,
    month_option,
    names_in,
    plans_option,
    prices_option,
    read_usage,
    timezone_option,
)

if TYPE_CHECKING:
    from aijobs_sdk.usage.monthly_report import MonthlyReport

F = TypeVar("F", bound=Callable[..., Any])


class Targets(TypedDict):
    """Where a report is written to."""

    html: Path | None
    excel: Path | None
    csv: Path | None
    parquet: Path | None


def target_options(command: F) -> F:
    """Give a command the options about where a report is written to."""
    for option in (
        click.option("--parquet", type=A_FOLDER, metavar="DIR", help="Write its tables as Parquet files."),
        click.option("--csv", type=A_FOLDER, metavar="DIR", help="Write its tables as CSV files."),
        click.option("--excel", type=A_FILE, metavar="FILE", help="Write it as a workbook."),
        click.option("--html", type=A_FILE, metavar="FILE", help="Write it as one page that needs no network."),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("paths", nargs=-1)
@month_option
@click.option("--by", default="tenant_id,model", show_default=True, metavar="COLUMNS", help="What to group by.")
@click.option("--store", type=A_FILE, metavar="FILE", help="Where usage is kept; PATHS are read into it first.")
@target_options
@timezone_option
@plans_option
@prices_option
@json_option
def report(
    paths: tuple[str, ...],
    *,
    month: str,
    by: str,
    store: Path | None,
    timezone: str | None,
    plans: Path | None,
    prices: Path | None,
    as_json: bool,
    **targets: Unpack[Targets],
) -> None:
    """Report what a month cost.

    It is read from exports, from a store, or from both. PATHS are export files of query_usage, folders of them, globs
    or URLs, in any mix. Without a --html, --excel, --csv or --parquet the report is printed.
    """
    from aijobs_sdk.usage.report.groups import group_columns  # noqa: PLC0415 - loads DuckDB

    columns = group_columns(names_in(by))  # a bad name is said before a long read
    with read_usage(paths, store, timezone=timezone, plans=plans, prices=prices) as usage:
        made = usage.report(month, by=columns)
    written = list(_write(made, targets))
    if as_json:
        click.echo(json.dumps(made.to_json(), indent=2))
    elif written:
        click.echo("\n".join(map(str, written)))
    else:
        click.echo(made.to_text().rstrip("\n"))


def _write(made: MonthlyReport, targets: Targets) -> Iterator[Path]:
    """Write the report to each of `targets`, and yield what was written."""
    if (page := targets["html"]) is not None:
        yield made.to_html(page)
    if (workbook := targets["excel"]) is not None:
        yield made.to_excel(workbook)
    if (folder := targets["csv"]) is not None:
        yield from made.to_csv(folder)
    if (folder := targets["parquet"]) is not None:
        yield from made.to_parquet(folder)
