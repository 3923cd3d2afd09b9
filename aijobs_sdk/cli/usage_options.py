"""What the usage commands share: where usage is read from and kept, and by which prices and plans it is reckoned."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from aijobs_sdk.cli.errors import BadInput
from aijobs_sdk.cli.usage_progress import ingest_bar
from aijobs_sdk.contract.months import month_span

if TYPE_CHECKING:
    from aijobs_sdk.usage.usage import Usage

A_FILE = click.Path(path_type=Path, dir_okay=False)
A_FOLDER = click.Path(path_type=Path, file_okay=False)


class Amount(click.ParamType[Decimal]):
    """A decimal number, read exactly."""

    name = "amount"

    def convert(self, value: str | Decimal, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Return the number that `value` is the text of."""
        try:
            amount = Decimal(value)
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite():
            self.fail("It must be a decimal number such as 0.01.", param, ctx)
        return amount


month_argument = click.argument("month", callback=lambda _, __, month: checked_month(month))
month_option = click.option(
    "--month",
    required=True,
    metavar="YYYY-MM",
    help="The billing month, UTC.",
    callback=lambda _, __, month: checked_month(month),
)
store_option = click.option("--store", required=True, type=A_FILE, metavar="FILE", help="Where usage is kept.")
timezone_option = click.option(
    "--timezone", metavar="ZONE", help="In which days are reckoned.  [default: the store's, or UTC]"
)
plans_option = click.option("--plans", type=A_FILE, metavar="FILE", help="Plans, subscriptions and budgets, as TOML.")
prices_option = click.option("--prices", type=A_FILE, metavar="FILE", help="Providers' prices of your own, as TOML.")
reason_option = click.option("--reason", required=True, help="Why, for whoever reads the books later.")


def open_usage(
    store: Path | None,
    *,
    timezone: str | None = None,
    plans: Path | None = None,
    prices: Path | None = None,
    strict_months: bool = False,
) -> Usage:
    """Return the usage that is kept in `store`, made where there is none; None: a temporary one."""
    from aijobs_sdk.usage.usage import Usage  # noqa: PLC0415 - DuckDB is an extra, and takes a while to load

    return Usage(store=store, timezone=timezone, plans=plans, prices=prices, strict_months=strict_months)


def open_kept_usage(
    store: Path, *, timezone: str | None = None, plans: Path | None = None, prices: Path | None = None
) -> Usage:
    """Return the usage that is kept in `store`.

    Raises:
        BadInput: there is none: a slip of the pen makes no empty store.
    """
    if not store.exists():
        raise BadInput(f"There is no store {store}. `aijobs usage ingest PATHS --store {quote(str(store))}` makes one.")
    return open_usage(store, timezone=timezone, plans=plans, prices=prices)


def read_usage(
    paths: Sequence[str],
    store: Path | None,
    *,
    timezone: str | None = None,
    plans: Path | None = None,
    prices: Path | None = None,
) -> Usage:
    """Return the usage of exports, of a store, or of both: `paths` are read into the store first.

    Raises:
        UsageError: neither is named.
    """
    if paths:
        usage = open_usage(store, timezone=timezone, plans=plans, prices=prices)
        with ingest_bar() as on_progress:
            usage.ingest(paths, on_progress=on_progress)
        return usage
    if store is None:
        raise click.UsageError("Say what to read: PATHS of exports, a --store, or both.")
    return open_kept_usage(store, timezone=timezone, plans=plans, prices=prices)


def checked_month(month: str) -> str:
    """Return a month that can be: a bad one is said before a long read."""
    month_span(month)
    return month


def names_in(text: str) -> Sequence[str]:
    """Return the names in a list with commas."""
    return [name.strip() for name in text.split(",")]
