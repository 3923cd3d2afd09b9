"""`aijobs usage`: the monthly report, to a screen or to a program."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from aijobs_sdk.contract.months import month_span


def print_report(paths: Sequence[str], *, month: str, by: Sequence[str], as_json: bool) -> None:
    """Print what a month cost by the exports at these paths."""
    from aijobs_sdk.usage.usage import Usage  # noqa: PLC0415 - DuckDB is an extra, and takes a while to load

    month_span(month)  # a bad month is said before a long read
    report = Usage(paths).report(month, by=by)
    click.echo(json.dumps(report.to_json(), indent=2) if as_json else report.to_text(), nl=as_json)
