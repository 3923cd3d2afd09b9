"""`aijobs export`: what a database or a server keeps of usage and of jobs, to files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypedDict, TypeVar, Unpack, cast, get_args

import click

from aijobs_sdk.cli.open_client import open_client
from aijobs_sdk.cli.options import json_option
from aijobs_sdk.client.client import Client as ClientOver
from aijobs_sdk.connect.there import existing
from aijobs_sdk.contract.job import Job, JobStatus
from aijobs_sdk.contract.showing import counted
from aijobs_sdk.contract.spans import Span, span_of
from aijobs_sdk.usage.exports.export import ExportFormat, export_usage
from aijobs_sdk.usage.exports.jobs import export_jobs

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

JOBS_A_PAGE = 1000


class ExportOptions(TypedDict):
    """What is exported, and where to."""

    month: str | None
    since: str | None
    until: str | None
    out: Path
    file_format: str
    url: str | None
    as_json: bool


def export_options(command: F) -> F:
    """Give a command the options of an export."""
    for option in reversed(
        (
            click.option("--month", metavar="YYYY-MM", help="A month, UTC.  [default: this one]"),
            click.option("--since", metavar="DAY", help="Instead of a month: from this day (UTC) or instant on."),
            click.option("--until", metavar="DAY", help="Not that day itself, nor later.  [default: now]"),
            click.option("--out", required=True, type=click.Path(path_type=Path), help="A folder; made if missing."),
            click.option(
                "--format",
                "file_format",
                type=click.Choice(get_args(ExportFormat)),
                default="parquet",
                show_default=True,
                help="Of the files.",
            ),
            click.option("--url", metavar="URL", help="Which database or server.  [default: AIJOBS_URL]"),
            json_option,
        )
    ):
        command = option(command)
    return command


@click.group()
def export() -> None:
    """Write usage rows, and how jobs ended, to files."""


@export.command("usage")
@export_options
def usage_to_files(**options: Unpack[ExportOptions]) -> None:
    """Write usage rows to files.

    Those of a month, or of a span of time. CSV goes on in the next file after 10,000 rows or 10 MB; Parquet has a
    folder for each month, as month=2026-01.
    """
    _export(
        lambda client, span: client.usage_rows(since=span.since, until=span.until),
        lambda rows, folder, file_format: export_usage(rows, folder, format=file_format),
        noun="usage row",
        options=options,
    )


@export.command("jobs")
@export_options
def jobs_to_files(**options: Unpack[ExportOptions]) -> None:
    """Write how jobs ended to files.

    Those that ended in a month, or in a span of time; no prompts, no texts. `aijobs usage reconcile` holds usage
    against them.
    """
    _export(
        _jobs_that_ended,
        lambda jobs, folder, file_format: export_jobs(jobs, folder, format=file_format),
        noun="job",
        options=options,
    )


def _jobs_that_ended(client: ClientOver, span: Span) -> Iterator[Job]:
    for status in (JobStatus.COMPLETED, JobStatus.FAILED):
        for handle in client.list(status=status, limit=JOBS_A_PAGE):
            ended_at = handle.job.completed_at
            if ended_at is not None and span.since <= ended_at < span.until:
                yield handle.job


def _export(
    read: Callable[[ClientOver, Span], Iterable[T]],
    write: Callable[[Iterable[T], Path, ExportFormat], Sequence[Path]],
    *,
    noun: str,
    options: ExportOptions,
) -> None:
    asked = span_of(options["month"], since=options["since"], until=options["until"])
    with open_client(existing(options["url"])) as client:
        span = asked if isinstance(asked, Span) else asked.at(client.now())
        passed = Passed(read(client, span))
        files = write(passed, options["out"], cast("ExportFormat", options["file_format"]))
    if options["as_json"]:
        found = {"since": span.since.isoformat(), "until": span.until.isoformat(), "rows": passed.count}
        click.echo(json.dumps({**found, "files": [str(file) for file in files]}, indent=2))
    else:
        from_to = f"from {_instant_text(span.since)} to {_instant_text(span.until)} UTC"
        click.echo("\n".join([f"{counted(passed.count, noun)} {from_to}", *map(str, files)]))


class Passed(Generic[T]):
    """Items that are counted as they pass."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items = items
        self.count = 0

    def __iter__(self) -> Iterator[T]:
        for item in self._items:
            self.count += 1
            yield item


def _instant_text(instant: datetime) -> str:
    text = instant.replace(tzinfo=None).isoformat(" ", timespec="seconds")  # strftime() writes the year 1 as it is said
    return text.removesuffix(":00").removesuffix(" 00:00")
