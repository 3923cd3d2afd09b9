"""`aijobs batch`: run it with a bar, write its rows, export its usage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue

from aijobs_sdk.batch.destination import check_folder, check_output
from aijobs_sdk.batch.progress import BatchProgress
from aijobs_sdk.batch.row import BatchRow
from aijobs_sdk.cli import display
from aijobs_sdk.cli.errors import Interrupted
from aijobs_sdk.client.batch import Batch
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.usage.export import export_usage


class Summary(Fact):
    """What a batch came to."""

    progress: BatchProgress
    failures: tuple[BatchRow, ...]
    out: Path
    usage_files: tuple[Path, ...]

    def to_json(self) -> dict[str, JsonValue]:
        """Return it for a program; credits are decimal text."""
        done = self.progress
        return {
            "rows": done.total,
            "completed": done.completed,
            "failed": done.failed,
            "retries": done.retries,
            "input_tokens": done.input_tokens,
            "output_tokens": done.output_tokens,
            "credits": format(done.credits, "f"),
            "seconds": round(done.elapsed_seconds, 3),
            "out": str(self.out),
            "usage_files": [str(path) for path in self.usage_files],
        }

    def to_text(self) -> str:
        """Return it for a person."""
        lines = [
            display.totals_line(self.progress),
            *failure_lines(self.failures),
            f"Rows: {self.out}",
            *(f"Usage: {path}" for path in self.usage_files),
        ]
        return "\n".join(lines)


def run_batch(batch: Batch, *, out: Path, usage_dir: Path | None, quiet: bool) -> Summary:
    """Run a batch to its end; write its rows, and its usage where that is asked for.

    Raises:
        InvalidRequestError: the output could not be written; known before the first row is sent.
        Interrupted: by Ctrl-C, before anything was written.
    """
    check_output(out)
    if usage_dir is not None:
        check_folder(usage_dir)
    try:
        batch.run() if quiet else display.run_with_bar(batch)
    except KeyboardInterrupt:
        done = batch.progress
        raise Interrupted(f"Interrupted after {done.finished:,} of {done.total:,} rows; nothing was written.") from None
    batch.write(out)
    files = [] if usage_dir is None else export_usage(batch.usage(), usage_dir, format="csv")
    return Summary(progress=batch.progress, failures=tuple(batch.failures), out=out, usage_files=tuple(files))


def failure_lines(failures: Sequence[BatchRow]) -> list[str]:
    """Return one line for each kind of failure: how often, and what the first of them said."""
    errors = [(row.index + 1, row.error) for row in failures if row.error is not None]
    times = Counter(error.code for _, error in errors)
    firsts = {error.code: f"row {number}: {error.message}" for number, error in reversed(errors)}
    return [f"  {count:,} x {code}, first in {firsts[code]}" for code, count in times.most_common()]
