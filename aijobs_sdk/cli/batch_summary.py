"""What a batch came to: a few lines for a person, an object for a program."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pydantic import JsonValue

from aijobs_sdk.batch.failures import FailureGroup
from aijobs_sdk.batch.progress import BatchProgress
from aijobs_sdk.cli import display


class Summary(NamedTuple):
    """How a batch stands after a run, and where its rows are."""

    progress: BatchProgress
    causes: tuple[FailureGroup, ...]
    name: str | None = None
    out: Path | None = None
    """None where nothing was written."""
    usage_files: tuple[Path, ...] = ()

    def to_json(self) -> dict[str, JsonValue]:
        """Return it for a program; credits are decimal text."""
        done = self.progress
        return {
            "name": self.name,
            "state": done.state.value,
            "reason": done.reason,
            "rows": done.total,
            "completed": done.completed,
            "failed": done.failed,
            "skipped": done.skipped,
            "retries": done.retries,
            "input_tokens": done.input_tokens,
            "output_tokens": done.output_tokens,
            "credits": format(done.credits, "f"),
            "seconds": round(done.elapsed_seconds, 3),
            "out": None if self.out is None else str(self.out),
            "usage_files": [str(path) for path in self.usage_files],
        }

    def to_text(self) -> str:
        """Return it for a person."""
        lines = [
            display.totals_line(self.progress),
            *failure_lines(self.causes),
            *([] if self.out is None else [f"Rows: {self.out}"]),
            *(f"Usage: {path}" for path in self.usage_files),
        ]
        return "\n".join(lines)


def failure_lines(causes: Iterable[FailureGroup]) -> list[str]:
    """Return one line for each kind of failure: how often, and what the first of them said."""
    return [f"  {one.count:,} x {one.code}, first in row {one.examples[0] + 1}: {one.message}" for one in causes]
