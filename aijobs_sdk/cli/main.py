"""`aijobs`: the way in, which also works, with a message, where click is not installed."""

from __future__ import annotations

import sys

from aijobs_sdk.cli.exit_codes import ExitCode
from aijobs_sdk.cli.own_streams import UNWRITABLE, let_output_go, ready_streams
from aijobs_sdk.cli.terminated import Terminated, hear_sigterm
from aijobs_sdk.connect.garbage import collect_seldom


def main() -> None:
    """Run the command line."""
    ready_streams()
    try:
        hear_sigterm()
        from aijobs_sdk.cli.commands import aijobs  # noqa: PLC0415 - click is an extra

        collect_seldom()
        try:
            aijobs()
        finally:
            sys.stdout.flush()  # what waits there is written while it can still be told that it cannot
    except ModuleNotFoundError as missing:  # of click, or of rich once a command is loaded
        if missing.name not in {"click", "rich"}:
            raise
        sys.stderr.write(f"The command line needs {missing.name}: pip install 'aijobs-sdk[cli]'.\n")
        sys.exit(ExitCode.BAD_INPUT)
    except OSError as error:  # click knows what to do about a reader that has left, and about nothing else
        if error.errno not in UNWRITABLE:
            raise
        let_output_go()
        sys.stderr.write(f"Error: The output cannot be written: {error.strerror}. Make room, or send it elsewhere.\n")
        sys.exit(ExitCode.FAILED)
    except KeyboardInterrupt as told:  # click is still being loaded
        sys.exit(ExitCode.TERMINATED if isinstance(told, Terminated) else ExitCode.INTERRUPTED)
