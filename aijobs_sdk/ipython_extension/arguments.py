"""What may stand on the line of a magic."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from IPython.core.error import UsageError

from aijobs_sdk.client.request import GENERATION


@dataclass(frozen=True, slots=True)
class PromptLine:
    """The line of `%%aijobs`."""

    model: str | None
    type: str
    client: str | None
    into: str | None
    no_wait: bool
    format: bool
    options: Sequence[str]
    """Each as it was written: `temperature=0.2`."""


@dataclass(frozen=True, slots=True)
class UsageLine:
    """The line of `%aijobs_usage`."""

    month: str | None
    by: str | None
    client: str | None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line, where argparse would end the process."""
        raise UsageError(message)


_ABOUT_PROMPTS = """\
Send the cell as a prompt, show the answer being written, and have it as the cell's value.

The line is read as a shell reads one: put quotes around what holds spaces. A text such as `system='Be brief.'` is taken
as it is; any other option is a Python value (`temperature=0.2`, `stop='["END"]'`) or the name of a variable of yours
(`output_model=Recipe`). Braces in the cell are left alone, unless --format is said."""

_CLIENT_HELP = "your variable that holds a client (default: `client` if there is one, else one of the magics' own)"
_ABOUT_USAGE = """\
Show what a month cost, from the usage rows of a client."""


def _prompt_parser() -> _Parser:
    parser = _new_parser("%%aijobs", _ABOUT_PROMPTS)
    parser.add_argument("-m", "--model", help="which model answers")
    parser.add_argument("-t", "--type", default=GENERATION, help="the job type (default: %(default)s)")
    parser.add_argument("-c", "--client", metavar="NAME", help=_CLIENT_HELP)
    parser.add_argument("-i", "--into", metavar="NAME", help="the variable that gets the result, or the job")
    parser.add_argument("--no-wait", action="store_true", help="return the job at once; it runs on")
    parser.add_argument("--format", action="store_true", help="fill {name} in the cell with your variables")
    parser.add_argument("options", nargs="*", metavar="option=value", help="what else client.submit() takes")
    return parser


def _usage_parser() -> _Parser:
    parser = _new_parser("%aijobs_usage", _ABOUT_USAGE)
    parser.add_argument("month", nargs="?", metavar="MONTH", help="such as 2026-01 (default: this one, UTC)")
    parser.add_argument("--by", metavar="COLUMNS", help="what to divide it by, such as model,day")
    parser.add_argument("-c", "--client", metavar="NAME", help=_CLIENT_HELP)
    return parser


def _new_parser(magic: str, about: str) -> _Parser:
    # No abbreviations: a line that works keeps its meaning when an option is added.
    return _Parser(
        prog=magic,
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
        allow_abbrev=False,
    )


_PROMPT, _USAGE = _prompt_parser(), _usage_parser()
PROMPT_HELP, USAGE_HELP = _PROMPT.format_help(), _USAGE.format_help()


def read_prompt_line(line: str) -> PromptLine:
    """Return what the line says.

    Raises:
        UsageError: something on it is none of the options.
    """
    return PromptLine(**vars(_PROMPT.parse_intermixed_args(_words(line))))


def read_usage_line(line: str) -> UsageLine:
    """Return what the line says.

    Raises:
        UsageError: something on it is none of the options.
    """
    return UsageLine(**vars(_USAGE.parse_intermixed_args(_words(line))))


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(f"The line cannot be read: {error}.") from None
