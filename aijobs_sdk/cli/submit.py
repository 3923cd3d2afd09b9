"""`aijobs submit`: one job, its answer while it is written, its result."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from aijobs_sdk.cli import display
from aijobs_sdk.cli.address import is_kept, shown_url
from aijobs_sdk.cli.open_client import open_client
from aijobs_sdk.cli.options import (
    job_types_option,
    json_option,
    profile_option,
    seed_option,
    url_option,
)
from aijobs_sdk.client.handle import JobHandle
from aijobs_sdk.contract.errors import AIJobsError, InvalidRequestError, JobError
from aijobs_sdk.contract.events import TextDelta
from aijobs_sdk.contract.results import GenerationResult
from aijobs_sdk.engine.job_type import JobType


@click.command()
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

    Exit code 0: it completed. 1: it failed, or could not be followed to its end. 2: bad input, nothing was sent.
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


def follow(job: JobHandle[Any], *, stream: bool, as_json: bool) -> None:
    """Wait for a job and print what it made; standard output is JSON and nothing else where that is asked for.

    An answer is shown there while it is written only by a terminal: a file or a pipe cannot take back the beginning of
    one that broke off.

    Raises:
        JobError: it failed, or was cancelled.
    """
    was_seen = stream and not as_json and sys.stdout.isatty()
    if stream:
        _stream(job, to_stderr=not was_seen)
    record = job.wait()
    if as_json:
        click.echo(record.model_dump_json(indent=2))
    result = job.result()
    if not as_json and not (was_seen and isinstance(result, GenerationResult)):  # of nothing else is there a stream
        click.echo(display.result_text(result))


@contextmanager
def told_where_it_goes_on(job: JobHandle[Any], url: str | None) -> Iterator[None]:
    """Let whatever ends the waiting say how to see the job again, where it is kept longer than this process lives.

    Raises:
        ClickException: it could not be followed; that is no bad input, as the job was sent.
    """
    try:
        yield
    except KeyboardInterrupt:
        _tell_where(job, url)  # at once: whoever is in a hurry presses it again
        raise
    except JobError:
        raise
    except AIJobsError as error:
        _tell_where(job, url)
        raise click.ClickException(error.message) from error


def _tell_where(job: JobHandle[Any], url: str | None) -> None:
    if is_kept(url):
        where = "" if url is None else f" --url {shown_url(url)}"
        click.echo("The job is kept, and goes on at its server, or with `aijobs worker`.", err=True)
        click.echo(f"See it: aijobs watch {job.id}{where}", err=True)


def read_payload(path: Path) -> dict[str, object]:
    """Return the JSON object in a file.

    Raises:
        InvalidRequestError: it cannot be read, or holds something else.
    """
    try:
        payload = json.loads(path.read_text("utf-8-sig"))  # as editors on Windows write it, too
    except OSError as error:
        raise InvalidRequestError(f"Cannot read the payload file {path}: {error.strerror}. Check the path.") from None
    except UnicodeDecodeError:
        raise InvalidRequestError(f"The payload file {path} is not UTF-8 text. Save it as UTF-8.") from None
    except json.JSONDecodeError as error:
        raise InvalidRequestError(f"The payload file {path} is not JSON: {error}.") from None
    except RecursionError:
        raise InvalidRequestError(f"The payload file {path} is nested too deep.") from None
    except ValueError:  # Python's own words advise to turn the interpreter's settings
        raise InvalidRequestError(f"The payload file {path} holds a whole number of too many digits.") from None
    if not isinstance(payload, dict):
        raise InvalidRequestError(f"The payload file {path} should hold a JSON object.")
    return payload


def _stream(job: JobHandle[Any], *, to_stderr: bool) -> None:
    answer = ""
    for event in job.stream():
        if not isinstance(event, TextDelta):
            continue
        is_retry = event.offset < len(answer)
        answer = answer[: event.offset] + event.text
        if is_retry:
            click.echo(err=to_stderr)
            click.echo("[The answer broke off. Once more from the start:]", err=True)
        click.echo(answer if is_retry else event.text, nl=False, err=to_stderr)
    if answer:
        click.echo(err=to_stderr)
