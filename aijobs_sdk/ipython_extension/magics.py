"""The magics: `%%aijobs` sends a cell, `%aijobs_usage` tells what a month cost."""

from __future__ import annotations

import keyword
import string
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from aijobs_sdk.client.async_client import AsyncClient
from aijobs_sdk.client.client import Client as AnyClient
from aijobs_sdk.client.handle import JobHandle
from aijobs_sdk.connect.clients import Client
from aijobs_sdk.contract.errors import ConfigurationError, InvalidRequestError
from aijobs_sdk.contract.months import month_of
from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.contract.results import JobResult
from aijobs_sdk.ipython_extension.arguments import (
    PROMPT_HELP,
    USAGE_HELP,
    PromptLine,
    read_prompt_line,
    read_usage_line,
)
from aijobs_sdk.ipython_extension.options import submit_options
from aijobs_sdk.notebook.show import on_show

if TYPE_CHECKING:
    from aijobs_sdk.usage.monthly_report import MonthlyReport


USUAL_NAME = "client"
"""The variable that is looked into where none is named."""


class JobMagics:
    """What a cell may ask of a client."""

    def __init__(self, variables: dict[str, object]) -> None:
        self._variables = variables
        """The user's own."""
        self._own_client: AnyClient | None = None
        """Made by the first magic that finds none."""

    def send(self, line: str, cell: str) -> JobResult | JobHandle[Any]:
        """See PROMPT_HELP."""
        told = read_prompt_line(line)
        into = _variable_name(told.into)
        with _told_in_one_line():
            job = self._submit(told, cell)
        answer = job if told.no_wait else _watched(job)
        if into is not None:
            self._variables[into] = answer
        return answer

    def usage(self, line: str) -> MonthlyReport | None:
        """See USAGE_HELP."""
        told = read_usage_line(line)
        with _told_in_one_line():
            by = None if told.by is None else _columns(told.by)
            client = self._client(told.client)
            month = told.month or month_of(client.now())
            rows = client.usage_rows(month)
            first = next(rows, None)
            if first is None:
                print(f"Nothing was billed in {month}.")  # noqa: T201 - the cell's answer
                return None
            return _report(chain([first], rows), month, by=by)

    def _submit(self, told: PromptLine, cell: str) -> JobHandle[Any]:
        options = submit_options(told.options, model=told.model, variables=self._variables)
        prompt = cell.strip()
        if told.format:
            prompt = _filled(prompt, self._variables)
        return self._client(told.client).submit(prompt or None, type=told.type, **options)

    def _client(self, name: str | None) -> AnyClient:
        if name is None and not isinstance(self._variables.get(USUAL_NAME), AnyClient | AsyncClient):
            self._own_client = self._own_client or Client()
            return self._own_client
        name = name or USUAL_NAME
        found = self._variables.get(name)
        if not isinstance(found, AnyClient):
            is_there = "is no client that a magic can use" if name in self._variables else "is not among your variables"
            raise UsageError(f"{name!r} {is_there}: say `{name} = aijobs.Client()` first.")
        return found


# `%%aijobs?` shows these.
JobMagics.send.__doc__ = PROMPT_HELP
JobMagics.usage.__doc__ = USAGE_HELP


def register_magics(shell: InteractiveShell) -> None:
    """Make the magics known to a shell."""
    magics = JobMagics(shell.user_ns)
    register: Callable[[Callable[..., object], str, str], None] = shell.magics_manager.register_function
    register(magics.send, "cell", "aijobs")
    register(magics.usage, "line", "aijobs_usage")


def _watched(job: JobHandle[Any]) -> JobResult:
    job.show()
    with on_show(job.on_show):  # so that its end is drawn above the answer, not some time later
        result: JobResult = job.result()
    return result


def _columns(names: str) -> tuple[str, ...]:
    from aijobs_sdk.usage.report.groups import group_columns  # noqa: PLC0415 - DuckDB is an extra, and takes a while

    return group_columns(map(str.strip, names.split(",")))


def _report(rows: Iterable[UsageRow], month: str, *, by: Sequence[str] | None) -> MonthlyReport:
    from aijobs_sdk.usage.usage import Usage  # noqa: PLC0415 - as above

    with Usage(rows) as usage:
        return usage.report(month) if by is None else usage.report(month, by=by)


def _variable_name(name: str | None) -> str | None:
    if name is not None and (not name.isidentifier() or keyword.iskeyword(name)):
        raise UsageError(f"--into {name!r}: this is no name of a variable.")
    return name


def _filled(prompt: str, variables: dict[str, object]) -> str:
    try:
        return string.Formatter().vformat(prompt, (), variables)
    except (LookupError, ValueError, AttributeError, TypeError) as error:
        raise UsageError(
            f"The cell cannot be filled in ({type(error).__name__}: {error}). Write {{{{ and }}}} for braces."
        ) from None


@contextmanager
def _told_in_one_line() -> Iterator[None]:
    """Let what the caller has to mend be told without a traceback: nothing was sent."""
    try:
        yield
    except (InvalidRequestError, ConfigurationError) as error:
        raise UsageError(str(error)) from error
