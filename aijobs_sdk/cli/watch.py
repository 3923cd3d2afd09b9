"""`aijobs watch`: one job that runs elsewhere."""

from __future__ import annotations

from uuid import UUID

import click

from aijobs_sdk.cli import display
from aijobs_sdk.cli.open_client import open_client
from aijobs_sdk.cli.options import database_option
from aijobs_sdk.connect.there import existing


@click.command()
@click.argument("job_id", type=click.UUID)
@database_option
def watch(job_id: UUID, *, url: str | None) -> None:
    """Follow one job to its end, event by event; it runs elsewhere.

    Exit code 0: it completed. 1: it failed, or was cancelled. 2: bad input.
    """
    with open_client(existing(url)) as client:
        job = client.job(job_id)
        for event in job.stream():
            click.echo(display.event_line(event))
        job.result()
