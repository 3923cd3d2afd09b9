"""`aijobs usage close`, `reopen`, `verify`, `correct`, `months`: what is settled, and what is put right later."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from aijobs_sdk.cli.exit_codes import ExitCode
from aijobs_sdk.cli.options import json_option
from aijobs_sdk.cli.usage_options import (
    month_argument,
    open_kept_usage,
    plans_option,
    prices_option,
    reason_option,
    store_option,
)
from aijobs_sdk.contract.showing import counted
from aijobs_sdk.usage.table import cell_text

if TYPE_CHECKING:
    from aijobs_sdk.usage.closing.acts import MonthAct
    from aijobs_sdk.usage.closing.months import Verification
    from aijobs_sdk.usage.closing.seal import Seal


@click.command()
@month_argument
@store_option
@click.option("--reason", default="", help="Why, for whoever reads the books later.")
@plans_option
@prices_option
@json_option
def close(month: str, *, store: Path, reason: str, plans: Path | None, prices: Path | None, as_json: bool) -> None:
    """Settle a month.

    Its report stays as it is now, and rows that arrive later are billed in the next open month. What --plans and
    --prices make of it is kept with it.
    """
    with open_kept_usage(store, plans=plans, prices=prices) as usage:
        closed = usage.close_month(month, reason=reason)
    click.echo(closed.model_dump_json(indent=2) if as_json else act_text(closed))


@click.command()
@month_argument
@store_option
@reason_option
@json_option
def reopen(month: str, *, store: Path, reason: str, as_json: bool) -> None:
    """Take new rows into a closed month again.

    That it was reopened, and why, stays on record.
    """
    with open_kept_usage(store) as usage:
        act = usage.reopen_month(month, reason=reason)
    click.echo(act.model_dump_json(indent=2) if as_json else act_text(act))


@click.command()
@month_argument
@store_option
@json_option
def verify(month: str, *, store: Path, as_json: bool) -> None:
    """Check that a closed month has not moved.

    Its rows are reckoned anew, and held against what was closed.

    Exit code 0: they are the same. 1: they are not. 2: bad input.
    """
    with open_kept_usage(store) as usage:
        found = usage.verify_month(month)
    said = {"matches": found.matches, **found.model_dump(mode="json")}
    click.echo(json.dumps(said, indent=2) if as_json else verification_text(found))
    if not found.matches:
        click.get_current_context().exit(ExitCode.FAILED)


@click.command()
@store_option
@reason_option
@click.option("--id", "ids", type=click.UUID, multiple=True, help="Only the row of this id; may be said several times.")
@json_option
def correct(*, store: Path, reason: str, ids: tuple[UUID, ...], as_json: bool) -> None:
    """Accept rows that contradict earlier ones.

    They have the id of a row that counts, and were set aside as id_conflict. Nothing is changed: each becomes a
    reversal and a replacement, in the month itself or, if that is closed, in the next open one.
    """
    with open_kept_usage(store) as usage:
        made = usage.accept_corrections(reason=reason, ids=ids or None)
    if as_json:
        click.echo(made.model_dump_json(indent=2))
    else:
        borne = f", borne by {', '.join(made.months)}" if made.months else ""
        click.echo(f"{counted(made.corrections, 'correction')}, {made.credits:+f} credits{borne}.")


@click.command()
@store_option
@json_option
def months(*, store: Path, as_json: bool) -> None:
    """List what was closed and reopened, and why."""
    with open_kept_usage(store) as usage:
        acts = usage.month_acts
    if as_json:
        click.echo(json.dumps([act.model_dump(mode="json") for act in acts], indent=2))
    else:
        click.echo("".join(f"{act.at:%Y-%m-%d %H:%M} UTC  {act_text(act)}\n" for act in acts), nl=False)


def act_text(act: MonthAct) -> str:
    """Return what was done to a month, in a line."""
    why = f" Reason: {cell_text(act.reason)}" if act.reason else ""
    match act.act:
        case "closed":
            return f"{act.month} closed, version {act.version}: {_seal_text(act)}.{why}"
        case "reopened":
            return f"{act.month} reopened, after version {act.version}.{why}"


def verification_text(found: Verification) -> str:
    """Return whether a month is as it was closed."""
    name = f"{found.month}, version {found.version},"
    if found.matches:
        return f"{name} is as it was closed: {_seal_text(found.closed)}."
    seals = {"closed": found.closed, "reported": found.reported, "found now": found.found}
    return "\n".join([f"{name} is not as it was closed.", *(f"  {n}: {_seal_text(one)}" for n, one in seals.items())])


def _seal_text(seal: Seal) -> str:
    return f"{counted(seal.rows, 'row')}, {seal.credits:f} credits, digest {seal.digest}"


MONTH_COMMANDS = [close, reopen, verify, correct, months]
