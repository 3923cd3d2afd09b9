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
    """Ctrl-C, or SIGTERM."""

    def __init__(self, message: str, *, told_by: KeyboardInterrupt) -> None:
        super().__init__(message)
        self.exit_code = ExitCode.TERMINATED if isinstance(told_by, Terminated) else ExitCode.INTERRUPTED

    def show(self, file: Any = None) -> None:  # noqa: ANN401 - click's own signature
        """Print the message; it is no error."""
        click.echo(self.message, file=file, err=True)
