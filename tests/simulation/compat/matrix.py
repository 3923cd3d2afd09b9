"""The matrix of checks and hosts: what happened to each, and the table of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from simulation.compat.check import Check
from simulation.compat.checks import CHECKS
from simulation.compat.hosts import IN_PROCESS, OVER_HTTP, Host, InProcess, over_http

PAGE = Path("docs/simulation.md")
LIBRARIES = ("openai", "anthropic", "boto3", "google-genai", "httpx2")
_DRAWN = re.compile(r"(?<=<!-- compatibility -->\n).*?(?=<!-- /compatibility -->)", re.DOTALL)


class Matrix:
    """Runs checks, each once and in a world of its own."""

    def __init__(self, new_host: dict[str, Callable[[], Host]]) -> None:
        self._new_host = new_host
        self._outcomes: dict[tuple[Check, str], BaseException | None] = {}

    def outcome(self, check: Check, host_name: str) -> BaseException | None:
        """Return what went wrong, None where nothing did."""
        if (check, host_name) not in self._outcomes:
            self._outcomes[check, host_name] = _outcome(check, self._new_host[host_name]())
        return self._outcomes[check, host_name]

    def table(self) -> str:
        """Return all outcomes as a table for the documentation."""
        rows = ["| | in process | over HTTP |", "|---|---|---|"]
        surface = None
        for check in CHECKS:
            if check.surface != surface:
                surface = check.surface
                rows.append(f"| **{surface}** | | |")
            rows.append(f"| {check.name} | {self._mark(check, IN_PROCESS)} | {self._mark(check, OVER_HTTP)} |")
        return "\n".join(rows)

    def _mark(self, check: Check, host_name: str) -> str:
        if host_name not in check.hosts:
            return "-"
        return "✓" if self.outcome(check, host_name) is None else "✗"


def _outcome(check: Check, host: Host) -> BaseException | None:
    async def act() -> BaseException | None:
        (outcome,) = await asyncio.gather(check.act(host), return_exceptions=True)
        return outcome

    return host.run(act)


@contextmanager
def new_matrix() -> Iterator[Matrix]:
    """Yield an empty matrix; the server of its checks over HTTP runs while the block does."""
    with over_http() as new_http_host:
        yield Matrix({IN_PROCESS: InProcess, OVER_HTTP: new_http_host})


def drawn_table() -> str:
    """Return the table as the documentation has it."""
    found = _DRAWN.search(PAGE.read_text("utf-8"))
    assert found is not None, f"{PAGE} has lost the marks of the table."
    # What the last drawing was made with is for the reader: a newer library is no slip while all still holds.
    return found[0].strip().partition("\n\n")[2]


def draw(table: str) -> None:
    """Write the table into the documentation, with the versions of the libraries that it holds for."""
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    page = PAGE.read_text("utf-8")
    PAGE.write_text(_DRAWN.sub(lambda _: f"With {versions}:\n\n{table}\n", page), "utf-8")
