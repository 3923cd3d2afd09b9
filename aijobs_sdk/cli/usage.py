"""`aijobs usage`: what jobs cost, from exports to the month's settled bill."""

from __future__ import annotations

import click

from aijobs_sdk.cli.usage_export import export
from aijobs_sdk.cli.usage_ingest import ingest
from aijobs_sdk.cli.usage_months import MONTH_COMMANDS
from aijobs_sdk.cli.usage_reconcile import reconcile
from aijobs_sdk.cli.usage_report import report
from aijobs_sdk.cli.usage_sql import sql

usage = click.Group(
    "usage",
    commands=[ingest, report, *MONTH_COMMANDS, reconcile, export, sql],
    help="""Tell what jobs cost.

    `aijobs export usage` writes the exports that are read here. A --store is a DuckDB file that keeps what was read,
    what was closed and why.
    """,
)
