"""`aijobs usage ingest`: exports read into a store, once each."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from aijobs_sdk.cli.options import json_option
from aijobs_sdk.cli.usage_options import open_usage, prices_option, store_option, timezone_option
from aijobs_sdk.cli.usage_progress import ingest_bar
from aijobs_sdk.contract.showing import counted

if TYPE_CHECKING:
    from aijobs_sdk.usage.reading.outcome import IngestReport


@click.command()
@click.argument("paths", nargs=-1, required=True)
@store_option
@timezone_option
@prices_option
@click.option("--strict-months", is_flag=True, help="Set rows aside whose month is not that of their time.")
@json_option
def ingest(
    paths: tuple[str, ...],
    *,
    store: Path,
    timezone: str | None,
    prices: Path | None,
    strict_months: bool,
    as_json: bool,
) -> None:
    """Read exports into a store, which is made if missing.

    PATHS are export files of query_usage, folders of them, globs or URLs, in any mix; a file that was read before is
    passed over. Each row is kept, counted as a duplicate, or set aside with its reason.
    """
    usage = open_usage(store, timezone=timezone, prices=prices, strict_months=strict_months)
    with usage, ingest_bar() as on_progress:
        report = usage.ingest(paths, on_progress=on_progress)
    click.echo(report.model_dump_json(indent=2) if as_json else ingest_text(report, store))


def ingest_text(report: IngestReport, store: Path) -> str:
    """Return what came of reading, for a person."""
    read = f"{counted(len(report.files), 'file')} read: {counted(report.rows_read, 'row')}, {report.kept:,} kept"
    lines = [f"{read}, {counted(report.duplicates, 'duplicate')}, {report.quarantined:,} set aside."]
    if report.skipped:
        lines.append(f"{counted(len(report.skipped), 'file')} passed over: read before.")
    if report.late:
        lines.append(
            f"{counted(report.late, 'row')} came late: the month is closed, and the next open one is billed for that."
        )
    if report.month_mismatches:
        lines.append(f"{counted(report.month_mismatches, 'row')} with another month than that of the time.")
    if report.quarantined:
        lines.append(f'Why rows were set aside: aijobs usage sql "FROM quarantine" --store {quote(str(store))}')
    return "\n".join(lines)
