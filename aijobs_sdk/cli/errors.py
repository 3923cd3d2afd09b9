"""What goes wrong on the command line: one message, no traceback, and an exit code that scripts can trust."""

from __future__ import annotations

from typing import Any

import click

from aijobs_sdk.cli.exit_codes import ExitCode
from aijobs_sdk.cli.terminated import Terminated


class BadInput(click.ClickException):
    """The input cannot be used."""

    exit_code = ExitCode.BAD_INPUT


class Interrupted(click.ClickException):
    """Ctrl-C."""

    exit_code = ExitCode.INTERRUPTED

    def show(self, file: Any = None) -> None:  # noqa: ANN401 - click's own signature
        """Print the message; it is no error."""
        click.echo(self.message, file=file, err=True)


class InterruptedBySigterm(Interrupted):
    """SIGTERM."""

    exit_code = ExitCode.TERMINATED


def interrupted(message: str, *, by: KeyboardInterrupt) -> Interrupted:
    """Return how a command ends that was told to, with the exit code that says by what."""
    return InterruptedBySigterm(message) if isinstance(by, Terminated) else Interrupted(message)
