"""`aijobs usage reconcile`: usage held against the records of jobs, and against a provider's invoice."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aijobs_sdk.cli.exit_codes import ExitCode
from aijobs_sdk.cli.options import json_option
from aijobs_sdk.cli.usage_options import A_FILE, Amount, month_argument, open_kept_usage, prices_option, store_option
from aijobs_sdk.contract.showing import counted
from aijobs_sdk.usage.table import text_lines

if TYPE_CHECKING:
    from aijobs_sdk.contract.model import Fact
    from aijobs_sdk.usage.checking.facts import InvoiceReconciliation
    from aijobs_sdk.usage.facts.trust import JobReconciliation


@click.command()
@month_argument
@store_option
@click.option("--jobs", multiple=True, metavar="PATH", help="Files of `aijobs export jobs`, to read first.")
@click.option("--invoice", type=A_FILE, metavar="FILE", help="A provider's invoice, as CSV.")
@click.option("--provider", metavar="NAME", help="Whose invoice it is.")
@click.option(
    "--tolerance", type=Amount(), default="0", show_default=True, metavar="USD", help="By how much a model may differ."
)
@prices_option
@json_option
def reconcile(
    month: str,
    *,
    store: Path,
    jobs: Sequence[str],
    invoice: Path | None,
    provider: str | None,
    tolerance: Decimal,
    prices: Path | None,
    as_json: bool,
) -> None:
    """Hold a month against jobs and invoices.

    Each completed job should have one row of usage, and each row a completed job. The store keeps what --jobs tell,
    and reports say from then on what failures cost. With --invoice, what the provider should charge by its prices is
    held against what it does.

    Exit code 0: all agrees. 1: something differs. 2: bad input.
    """
    if (invoice is None) != (provider is None):
        raise click.UsageError("--invoice and --provider go together.")
    with open_kept_usage(store, prices=prices) as usage:
        for path in jobs:
            usage.add_jobs(path)
        of_jobs = usage.reconcile_jobs(month)
        of_invoice = (
            None
            if invoice is None or provider is None
            else usage.reconcile_invoice(month, invoice, provider=provider, tolerance_usd=tolerance)
        )
    if of_jobs is None and of_invoice is None:
        raise click.UsageError("The store knows of no jobs: give --jobs with files of `aijobs export jobs`.")
    if as_json:
        click.echo(json.dumps({"jobs": _json_of(of_jobs), "invoice": _json_of(of_invoice)}, indent=2))
    else:
        click.echo("\n".join([*_job_lines(of_jobs), *_invoice_lines(of_invoice)]))
    if (of_jobs and of_jobs.differences) or (of_invoice and of_invoice.differences):
        click.get_current_context().exit(ExitCode.FAILED)


def _job_lines(found: JobReconciliation | None) -> Iterator[str]:
    if found is None:
        yield "Jobs: none are known."
        return
    yield (
        f"Jobs: {counted(found.agreed, 'agrees', 'agree')}, {found.jobs_without_usage:,} without usage, "
        f"{found.repeated_usage:,} with more than one row, {found.amount_differs:,} of another amount; "
        f"{counted(found.usage_without_job, 'row')} of no job."
    )
    if found.differences:
        columns = ("job_id", "verdict", "job_credits", "usage_credits")
        yield from text_lines(columns, [[getattr(one, name) for name in columns] for one in found.differences])


def _invoice_lines(found: InvoiceReconciliation | None) -> Iterator[str]:
    if found is None:
        return
    yield (
        f"Invoice of {found.provider}: {counted(found.agreed, 'model agrees', 'models agree')}. "
        f"{found.invoiced_usd:f} USD invoiced, {found.reckoned_usd:f} reckoned, a gap of {found.gap_usd:f}."
    )
    if found.differences:
        columns = ("model", "verdict", "invoiced_usd", "reckoned_usd", "difference_usd")
        yield from text_lines(columns, [[getattr(one, name) for name in columns] for one in found.differences])


def _json_of(found: Fact | None) -> object:
    return None if found is None else found.model_dump(mode="json")
