"""How a command ends: our errors become click's, and anything else is a bug and keeps its traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from aijobs_sdk.cli.errors import BadInput
from aijobs_sdk.contract.errors import AIJobsError, JobError
from aijobs_sdk.notebook.display import nothing_shown


@contextmanager
def of_a_command() -> Iterator[None]:
    """Let a command run: it shows things in its own way, or not at all where a program reads."""
    try:
        with nothing_shown():
            yield
    except JobError as error:
        raise click.ClickException(error.message) from error
    except AIJobsError as error:
        raise BadInput(error.message) from error
