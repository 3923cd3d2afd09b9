"""`aijobs schedule`: jobs that are submitted again and again, by the clock."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from aijobs_sdk.cli.open_client import open_client
from aijobs_sdk.cli.options import database_option, job_types_option, json_option
from aijobs_sdk.cli.submit import read_payload
from aijobs_sdk.connect.there import existing
from aijobs_sdk.contract.schedule import Schedule
from aijobs_sdk.engine.job_type import JobType


@click.group()
def schedule() -> None:
    """Submit jobs again and again, by the clock.

    Schedules are kept in a database. Whichever `aijobs worker` or program uses that database submits what falls due.
    """


@schedule.command()
@click.argument("name")
@click.argument("prompt", required=False)
@click.option("--cron", required=True, metavar="FIELDS", help="Such as '0 3 * * mon-fri': at three on working days.")
@click.option("--timezone", default="UTC", show_default=True, help="Whose clock that means.")
@click.option("--model", help="A name from `aijobs models`.")
@click.option("--type", "job_type", default="ai_generation", show_default=True, help="What to ask for.")
@click.option("--payload", type=click.Path(path_type=Path), help="A JSON file with the payload.")
@click.option("--priority", help="high, normal or low.")
@job_types_option
@database_option
@json_option
def add(
    name: str,
    prompt: str | None,
    *,
    cron: str,
    timezone: str,
    model: str | None,
    job_type: str,
    payload: Path | None,
    priority: str | None,
    job_types: list[JobType[Any]],
    url: str | None,
    as_json: bool,
) -> None:
    """Add a schedule, or change the one of this NAME."""
    options: dict[str, Any] = {"model": model, "priority": priority}
    if payload is not None:
        options["payload"] = read_payload(payload)
    given = {option: value for option, value in options.items() if value is not None}
    with open_client(url, job_types=job_types) as client:
        added = client.schedule(name, prompt, cron=cron, timezone=timezone, type=job_type, **given)
    click.echo(_as_json(added) if as_json else f"{added.name}: next at {added.next_run_at:%Y-%m-%d %H:%M} UTC")


@schedule.command("list")
@database_option
@json_option
def list_schedules(*, url: str | None, as_json: bool) -> None:
    """List all schedules, by name, without their payloads."""
    with open_client(existing(url)) as client:
        schedules = client.schedules()
    if as_json:
        click.echo(json.dumps([json.loads(_as_json(one)) for one in schedules], indent=2))
    else:
        click.echo("".join(f"{_line(one)}\n" for one in schedules), nl=False)


@schedule.command()
@click.argument("name")
@database_option
def remove(name: str, *, url: str | None) -> None:
    """Remove a schedule; jobs that it submitted go on."""
    with open_client(existing(url)) as client:
        client.unschedule(name)
    click.echo(f"{name}: removed")


def _as_json(one: Schedule) -> str:
    return one.model_dump_json(exclude={"payload"})


def _line(one: Schedule) -> str:
    last = "never ran" if one.last_run_at is None else f"last {one.last_run_at:%Y-%m-%d %H:%M} UTC"
    when = f"{one.cron} {one.timezone}"
    due = "next" if one.waiting_since is None else "waits since"
    return "\t".join([one.name, one.type, when, f"{due} {one.due_at:%Y-%m-%d %H:%M} UTC", last])
