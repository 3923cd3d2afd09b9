"""`python -m mock_server`: the way in, which also works, with a message, where what a server takes is not installed."""

from __future__ import annotations

import sys

from aijobs_sdk.cli.exit_codes import ExitCode


def main() -> None:
    """Run the command."""
    try:
        from mock_server.command import mock_server  # noqa: PLC0415 - what it takes is an extra
    except ModuleNotFoundError as missing:
        sys.stderr.write(f"A mock server needs {missing.name}: pip install 'aijobs-sdk[server]'.\n")
        sys.exit(ExitCode.BAD_INPUT)
    mock_server()


if __name__ == "__main__":
    main()
