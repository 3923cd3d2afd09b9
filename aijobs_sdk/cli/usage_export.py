"""`aijobs usage export`: what was settled, in the forms that finance tools and data lakes read."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import click

from aijobs_sdk.cli.usage_options import A_FILE, Amount, checked_month, open_kept_usage, store_option
from aijobs_sdk.contract.showing import counted


@click.command()
@click.argument("month", required=False)
@store_option
@click.option("--focus", type=A_FILE, metavar="FILE", help="FOCUS 1.2: a .parquet or .csv file of the month's bill.")
@click.option("--issuer", metavar="NAME", help="For FOCUS: who sends the bill.")
@click.option(
    "--credit-price", metavar="PRICE", type=Amount(), help="For FOCUS: of one credit.  [default: as in `models`]"
)
@click.option("--currency", default="USD", show_default=True, metavar="CODE", help="For FOCUS: of that price.")
@click.option("--lake", metavar="PLACE", help="A folder or a URL such as s3://bucket/usage, for closed months.")
def export(
    month: str | None,
    *,
    store: Path,
    focus: Path | None,
    issuer: str | None,
    credit_price: Decimal | None,
    currency: str,
    lake: str | None,
) -> None:
    """Write FOCUS data, or a lake of closed months.

    With --focus, the bill of MONTH as finance tools compare it. With --lake, closed months as Parquet: MONTH alone, or
    all that are not there yet.
    """
    if (focus is None) == (lake is None):
        raise click.UsageError("Say which: --focus FILE or --lake PLACE.")
    if focus is not None and (month is None or issuer is None):
        raise click.UsageError("--focus needs a MONTH, and an --issuer: who sends the bill.")
    months = None if month is None else [checked_month(month)]
    with open_kept_usage(store) as usage:
        if focus is not None and month is not None and issuer is not None:
            click.echo(usage.to_focus(month, focus, issuer=issuer, credit_price=credit_price, currency=currency))
        elif lake is not None:
            for one in usage.to_lake(lake, months=months):
                files = ", ".join(file.name for file in one.files)
                click.echo(f"{one.month}: {counted(one.rows, 'row')}, {one.credits:f} credits in {files}")
