"""`aijobs batch list`, `status`, `resume` …: batches that have a name, whoever runs them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console

from aijobs_sdk.batch.row import ALL_COLUMNS, FIXED_COLUMNS
from aijobs_sdk.batch.writing.destination import check_output
from aijobs_sdk.cli.batch_named import Named, find_batch, is_run, runner_text
from aijobs_sdk.cli.batch_options import budget_option, columns_option, detach_option, out_option
from aijobs_sdk.cli.batch_run import Run
from aijobs_sdk.cli.batch_summary import Summary
from aijobs_sdk.cli.batch_table import batch_json, batch_line, batch_text, print_batches
from aijobs_sdk.cli.errors import BadInput
from aijobs_sdk.cli.exit_codes import ExitCode
from aijobs_sdk.cli.open_client import open_client
from aijobs_sdk.cli.options import json_option, profile_option, seed_option
from aijobs_sdk.client.batch import Batch
from aijobs_sdk.connect.there import existing
from aijobs_sdk.contract.showing import counted

name_argument = click.argument("name")
place_option = click.option("--url", metavar="URL", help="Where the batch is kept.  [default: AIJOBS_URL]")


@click.command("list")
@place_option
@json_option
def list_batches(*, url: str | None, as_json: bool) -> None:
    """List the batches that have a name, newest first.

    Where the output is no terminal: one batch a line, its fields separated by tabs, the name first.
    """
    with open_client(existing(url)) as client:
        records = client.batches()
    if as_json:
        click.echo(json.dumps([batch_json(one) for one in records], indent=2))
    elif sys.stdout.isatty():
        print_batches(records, Console(highlight=False))
    else:
        click.echo("".join(f"{batch_line(one)}\n" for one in records), nl=False)


@click.command()
@name_argument
@place_option
@json_option
def status(name: str, *, url: str | None, as_json: bool) -> None:
    """Tell how far a batch is, who runs it, and what its rows failed of."""
    with open_client(existing(url)) as client, Named(name, url).in_reach():
        batch = client.batch(name=name).refresh()
        causes = batch.failures.by_cause()
        record = find_batch(client, name).replace(standing=batch.progress.standing())
    if as_json:
        failures = [one.model_dump(mode="json") for one in causes]
        click.echo(json.dumps({**batch_json(record), "failures": failures}, indent=2))
    else:
        click.echo(batch_text(record, causes))


@click.command()
@name_argument
@budget_option
@click.option("--retry-failures", is_flag=True, help="Ask the rows that failed once more.")
@click.option("--concurrency", type=click.IntRange(min=1), help="Rows under way at a time.  [default: as before]")
@detach_option
@place_option
@seed_option
@profile_option
@json_option
def resume(
    name: str,
    *,
    budget: str | None,
    retry_failures: bool,
    concurrency: int | None,
    detach: bool | None,
    url: str | None,
    seed: int,
    profile: str,
    as_json: bool,
) -> None:
    """Go on with a batch, or watch it where it is being run.

    Exit code 0: all rows completed. 1: some failed, or it stopped before its end. 2: bad input.
    """
    named = Named(name, url)
    with open_client(existing(url), concurrency=None, seed=seed, profile=profile) as client, named.in_reach():
        batch = client.batch(name=name, detach=detach).refresh()
        batch.set(budget=budget, concurrency=concurrency)
        Run(client, batch, named, quiet=as_json).to_its_end(batch.retry_failures if retry_failures else batch.run)
        summary = Summary(batch.progress, tuple(batch.failures.by_cause()), name)
    click.echo(json.dumps(summary.to_json(), indent=2) if as_json else summary.to_text())
    if not as_json:
        click.echo(f"Write its rows: {named.command('export', '--out FILE')}")
    if summary.progress.failed:
        click.get_current_context().exit(ExitCode.FAILED)


@click.command()
@name_argument
@place_option
def pause(name: str, *, url: str | None) -> None:
    """Send no more rows of a batch; those under way end."""
    _steer(Named(name, url), Batch.pause, "sends no more rows, and those under way end")


@click.command()
@name_argument
@place_option
def cancel(name: str, *, url: str | None) -> None:
    """Send no more rows of a batch, and ask those under way to stop."""
    what = "sends no more rows, and stops those under way"
    _steer(Named(name, url), Batch.cancel, what, by_nobody="stopped")


@click.command()
@name_argument
@out_option
@columns_option
@place_option
def export(name: str, *, out: Path, all_columns: bool, url: str | None) -> None:
    """Write the rows of a batch that are finished."""
    check_output(out)
    with open_client(existing(url)) as client, Named(name, url).in_reach():
        batch = client.batch(name=name).refresh()
        batch.write(out, outputs=ALL_COLUMNS if all_columns else FIXED_COLUMNS)
        finished, total = len(batch.results), batch.progress.total
    click.echo(f"{finished:,} of {counted(total, 'row')}: {out}")


@click.command()
@name_argument
@click.option("--yes", is_flag=True, help="Do not ask, as is done in a terminal.")
@place_option
def delete(name: str, *, yes: bool, url: str | None) -> None:
    """Forget a batch and its rows; its jobs stay, and what they cost."""
    named = Named(name, url)
    with open_client(existing(url)) as client, named.in_reach():
        if is_run(record := find_batch(client, name)):
            raise BadInput(f"Batch {name!r} is being run by {runner_text(record)}. First: {named.command('pause')}")
        if not yes and sys.stdin.isatty():
            click.confirm(f"Forget batch {name!r}, and which of its rows are paid for?", abort=True, err=True)
        client.delete_batch(name)
    click.echo(f"{name}: deleted")


def _steer(named: Named, steer: Callable[[Batch], None], what: str, *, by_nobody: str = "") -> None:
    """Tell whoever runs a batch what is wanted, and the caller who that is, or how far a batch is that nobody runs."""
    with open_client(existing(named.url)) as client, named.in_reach():
        batch = client.batch(name=named.name).refresh()
        before, who = batch.progress, runner_text(find_batch(client, named.name))
        steer(batch)
    if who:
        click.echo(f"{named.name}: {who} {what}.")
        return
    under_way = f"{counted(before.running, 'row')} under way {by_nobody}, " if before.running and by_nobody else ""
    finished = f"{before.finished:,} of {counted(before.total, 'row')}"
    click.echo(f"{named.name}: nobody runs it; {under_way}{finished} finished.")


NAMED_COMMANDS = [list_batches, status, resume, pause, cancel, export, delete]
