"""The group of all commands: options in, one call to the room that does the work, exit code out."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from rich.console import Console

from aijobs_sdk.cli import display
from aijobs_sdk.cli.batch import batch
from aijobs_sdk.cli.demo import run_demo
from aijobs_sdk.cli.dlq import dlq
from aijobs_sdk.cli.errors import CommandGroup
from aijobs_sdk.cli.exit_codes import ExitCode
from aijobs_sdk.cli.export import export
from aijobs_sdk.cli.health import ask_health, health_text
from aijobs_sdk.cli.keys import keys
from aijobs_sdk.cli.open_client import open_client
from aijobs_sdk.cli.options import (
    database_option,
    job_types_option,
    json_option,
    profile_option,
    seed_option,
    url_option,
)
from aijobs_sdk.cli.schedule import schedule
from aijobs_sdk.cli.serve import serve
from aijobs_sdk.cli.submit import follow, read_payload, told_where_it_goes_on
from aijobs_sdk.cli.usage import usage
from aijobs_sdk.cli.worker import worker
from aijobs_sdk.connect.models import known_models
from aijobs_sdk.connect.settings import Settings
from aijobs_sdk.connect.wiring import with_standard_types
from aijobs_sdk.engine.job_type import JobType
from aijobs_sdk.notebook.display import nothing_shown
from aijobs_sdk.providers.models import ModelTable


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="aijobs-sdk")
def aijobs() -> None:
    """Run AI generation jobs: submit, watch, batch, and see what they cost.

    Nothing leaves this machine unless AI_MOCK_MODE=false.
    """
    # Commands show things in their own way, or not at all where a program reads.
    click.get_current_context().with_resource(nothing_shown())


@aijobs.command()
def demo() -> None:
    """Show a simulated day in ten seconds: batch, faults, bill."""
    run_demo(Console(highlight=False))


@aijobs.command()
@click.argument("prompt", required=False)
@click.option("--model", help="A name from `aijobs models`.")
@click.option("--type", "job_type", default="ai_generation", show_default=True, help="What to ask for.")
@click.option("--payload", type=click.Path(path_type=Path), help="A JSON file with the payload.")
@url_option
@seed_option
@profile_option
@click.option("--stream", is_flag=True, help="Print the answer while it is written; with --json, to stderr.")
@click.option("--no-wait", is_flag=True, help="Print the job's id, and leave it to `aijobs worker`.")
@job_types_option
@json_option
def submit(
    prompt: str | None,
    *,
    model: str | None,
    job_type: str,
    payload: Path | None,
    url: str | None,
    seed: int,
    profile: str,
    stream: bool,
    no_wait: bool,
    job_types: list[JobType[Any]],
    as_json: bool,
) -> None:
    """Submit one job, wait for it, and print its result.

    Exit code 0: it completed. 1: it failed. 2: bad input, nothing was sent.
    """
    if no_wait and stream:
        raise click.UsageError("--stream waits for the job: leave out --no-wait.")
    options: dict[str, Any] = {} if model is None else {"model": model}
    if payload is not None:
        options["payload"] = read_payload(payload)
    concurrency = 0 if no_wait else None
    with open_client(url, seed=seed, profile=profile, concurrency=concurrency, job_types=job_types) as client:
        job = client.submit(prompt, type=job_type, **options)
        if not no_wait:
            with told_where_it_goes_on(job, url):
                follow(job, stream=stream, as_json=as_json)
        else:
            click.echo(job.job.model_dump_json(indent=2) if as_json else job.id)


@aijobs.command()
@click.argument("job_id", type=click.UUID)
@database_option
def watch(job_id: UUID, *, url: str | None) -> None:
    """Follow one job to its end, event by event; it runs elsewhere.

    Exit code 0: it completed. 1: it failed, or was cancelled. 2: bad input.
    """
    with open_client(url) as client:
        job = client.job(job_id)
        for event in job.stream():
            click.echo(display.event_line(event))
        job.result()


@aijobs.command()
@url_option
@json_option
def health(*, url: str | None, as_json: bool) -> None:
    """Tell whether jobs can be taken in and read.

    Exit code 0: they can. 1: the place where jobs are kept does not answer. 2: bad input.
    """
    found = ask_health(url)
    click.echo(found.model_dump_json(indent=2) if as_json else health_text(found))
    if not found.healthy:
        click.get_current_context().exit(ExitCode.FAILED)


@aijobs.command()
@json_option
def models(*, as_json: bool) -> None:
    """List the models that can be named, with what they cost.

    Those in the file that AIJOBS_MODELS names are among them.
    """
    table = known_models()
    if as_json:
        click.echo(json.dumps([model.model_dump(mode="json") for model in table], indent=2))
    else:
        display.print_models(table)


@aijobs.command()
@job_types_option
@json_option
def types(*, job_types: list[JobType[Any]], as_json: bool) -> None:
    """List the job types, with the fields of their payloads."""
    known = with_standard_types(ModelTable.load(), job_types, Settings.read(os.environ)).values()
    if as_json:
        click.echo(json.dumps({kind.name: kind.payload_model.model_json_schema() for kind in known}, indent=2))
    else:
        display.print_types(known)


aijobs.add_command(batch)
aijobs.add_command(dlq)
aijobs.add_command(export)
aijobs.add_command(keys)
aijobs.add_command(schedule)
aijobs.add_command(serve)
aijobs.add_command(usage)
aijobs.add_command(worker)
