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
from aijobs_sdk.client.handle import JobHandle
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.events import TextDelta
from aijobs_sdk.contract.results import GenerationResult


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
    """Let Ctrl-C say how to see the job again, where it is kept longer than this process lives."""
    try:
        yield
    except KeyboardInterrupt:
        if is_kept(url):  # said at once: whoever is in a hurry presses it again
            where = "" if url is None else f" --url {shown_url(url)}"
            click.echo("The job is kept, and goes on at its server, or with `aijobs worker`.", err=True)
            click.echo(f"See it: aijobs watch {job.id}{where}", err=True)
        raise


def read_payload(path: Path) -> dict[str, object]:
    """Return the JSON object in a file.

    Raises:
        InvalidRequestError: it cannot be read, or holds something else.
    """
    try:
        payload = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InvalidRequestError(f"Cannot read the payload file {path}: {error.strerror}. Check the path.") from None
    except UnicodeDecodeError:
        raise InvalidRequestError(f"The payload file {path} is not UTF-8 text. Save it as UTF-8.") from None
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError(f"The payload file {path} is not JSON: {error}.") from None
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
