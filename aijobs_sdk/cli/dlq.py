"""`aijobs dlq`: what failed jobs left behind, to look into, to run again, and to throw away."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypedDict, TypeVar, Unpack
from uuid import UUID

import click
from pydantic import JsonValue

from aijobs_sdk.cli import display
from aijobs_sdk.cli.ages import read_age
from aijobs_sdk.cli.exit_codes import ExitCode
from aijobs_sdk.cli.open_client import open_client
from aijobs_sdk.cli.options import database_option, job_types_option, json_option
from aijobs_sdk.client.client import Client as ClientOver
from aijobs_sdk.connect.there import existing
from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import (
    AIJobsError,
    DeadLetterNotFoundError,
    IdempotencyConflictError,
    InvalidRequestError,
)
from aijobs_sdk.contract.records import DeadLetter
from aijobs_sdk.contract.showing import counted
from aijobs_sdk.engine.job_type import JobType

F = TypeVar("F", bound=Callable[..., Any])
CATEGORIES = click.Choice([category.value for category in ErrorCategory])
PAGE = 1000


class Filters(TypedDict):
    """Which dead letters are meant."""

    category: str | None
    type: str | None
    provider: str | None
    region: str | None
    replayed: bool | None


def filter_options(command: F) -> F:
    """Give a command the options that narrow dead letters."""
    for option in (
        click.option("--replayed/--unreplayed", default=None, help="Only those replayed already, or only the others."),
        click.option("--region", help="Only where the provider was asked in this region."),
        click.option("--provider", help="Only where this provider failed."),
        click.option("--type", help="Only of this job type."),
        click.option("--category", type=CATEGORIES, metavar="KIND", help="Only failures of a kind, as rate_limit."),
    ):
        command = option(command)
    return command


@click.group()
def dlq() -> None:
    """Look into jobs that failed (dead letters), and run them again.

    These commands run no job themselves: `aijobs worker` does, or any program that uses the same database.
    """


@dlq.command("list")
@filter_options
@click.option("--limit", type=click.IntRange(1, PAGE), default=50, show_default=True, help="At most so many.")
@click.option("--offset", type=click.IntRange(min=0), default=0, show_default=True, help="Leave out so many.")
@database_option
@json_option
def list_letters(*, limit: int, offset: int, url: str | None, as_json: bool, **filters: Unpack[Filters]) -> None:
    """List dead letters, newest first, without their payloads.

    Where the output is no terminal: one letter a line, its fields separated by tabs, the job's id first.
    """
    with open_client(existing(url)) as client:
        letters = client.dead_letters(**filters, limit=limit, offset=offset)
    if as_json:
        click.echo(json.dumps([_without_payload(letter) for letter in letters], indent=2))
    elif sys.stdout.isatty():
        display.print_dead_letters(letters)
    else:
        click.echo("".join(f"{display.dead_letter_line(letter)}\n" for letter in letters), nl=False)


@dlq.command()
@click.argument("job_id", type=click.UUID)
@database_option
@json_option
def show(job_id: UUID, *, url: str | None, as_json: bool) -> None:
    """Show all of one dead letter, and its payload."""
    with open_client(existing(url)) as client:
        letter = client.dead_letter(job_id)
    click.echo(letter.model_dump_json(indent=2) if as_json else display.dead_letter_text(letter))


@dlq.command()
@click.argument("job_ids", type=click.UUID, nargs=-1, metavar="[JOB_ID]...")
@click.option("--all", "all_of_them", is_flag=True, help="All that the filters leave, if they were not replayed yet.")
@filter_options
@job_types_option
@database_option
@json_option
def replay(
    job_ids: tuple[UUID, ...],
    *,
    all_of_them: bool,
    job_types: list[JobType[Any]],
    url: str | None,
    as_json: bool,
    **filters: Unpack[Filters],
) -> None:
    """Submit failed jobs once more, as new jobs.

    A letter named by its id is replayed as often as you say; --all leaves out those replayed before, unless
    --replayed asks for them. Where somebody else replays the same letters meanwhile, each is replayed once, and both
    are told of the same new jobs.

    Exit code 0: all were submitted. 1: some could not be. 2: bad input, nothing was submitted.
    """
    narrowed = any(value is not None for value in filters.values())
    if bool(job_ids) == all_of_them:
        raise click.UsageError("Name the jobs by their ids, or say --all.")
    if narrowed and not all_of_them:
        raise click.UsageError("Filters go with --all.")
    with open_client(existing(url), job_types=job_types) as client:
        named = [client.dead_letter(job_id) for job_id in dict.fromkeys(job_ids)]
        letters = _all(client, filters) if all_of_them else named
        outcomes = dict(_replay_each(client, letters))
    refusals = {job_id: outcome for job_id, outcome in outcomes.items() if isinstance(outcome, AIJobsError)}
    replays = {job_id: outcome for job_id, outcome in outcomes.items() if isinstance(outcome, UUID)}
    for job_id, refusal in refusals.items():
        click.echo(f"Job {job_id} was not submitted: {refusal.message}", err=True)
    if as_json:
        click.echo(json.dumps({str(job_id): str(replay_id) for job_id, replay_id in replays.items()}, indent=2))
    else:
        click.echo("".join(f"{job_id} {replay_id}\n" for job_id, replay_id in replays.items()), nl=False)
    if not as_json and sys.stdout.isatty():
        click.echo(f"{len(replays)} submitted; `aijobs worker` runs them." if letters else "Nothing to replay.")
    if refusals:
        click.get_current_context().exit(ExitCode.FAILED if replays else ExitCode.BAD_INPUT)


@dlq.command()
@click.option(
    "--older-than", required=True, metavar="AGE", help="Since the job failed, such as 30d; units: w, d, h, m, s."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@database_option
def purge(*, older_than: str, yes: bool, url: str | None) -> None:
    """Delete old dead letters, and their payloads."""
    age = read_age(older_than, option="--older-than")
    if not yes:
        click.confirm(f"Delete every dead letter older than {older_than} for good?", abort=True, err=True)
    with open_client(existing(url)) as client:
        purged = client.purge_dead_letters(older_than=age)
    click.echo(f"{counted(purged, 'dead letter')} deleted.")


def _all(client: ClientOver, filters: Filters) -> list[DeadLetter]:
    """Return every letter that is meant, oldest first, so that what failed first is done first."""
    meant: Filters = {**filters, "replayed": bool(filters["replayed"])}
    letters: dict[UUID, DeadLetter] = {}
    while page := client.dead_letters(**meant, limit=PAGE, offset=len(letters)):
        letters |= {letter.job_id: letter for letter in page}
        if len(page) < PAGE:
            break
    return list(reversed(letters.values()))


def _replay_each(client: ClientOver, letters: Iterable[DeadLetter]) -> Iterator[tuple[UUID, UUID | AIJobsError]]:
    """Yield what came of each; what can only be wrong with one of them does not stop the others."""
    for letter in letters:
        try:
            yield letter.job_id, client.replay(letter).id
        except (InvalidRequestError, DeadLetterNotFoundError, IdempotencyConflictError) as refusal:
            yield letter.job_id, refusal
        except AIJobsError as refusal:
            yield letter.job_id, refusal
            return


def _without_payload(letter: DeadLetter) -> Mapping[str, JsonValue]:
    return letter.model_dump(mode="json", exclude={"payload", "draw_key"})
