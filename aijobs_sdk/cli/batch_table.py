"""What is known of batches that have a name: a table of them, all of one of them, and both for programs."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from pydantic import JsonValue
from rich.console import Console
from rich.markup import escape

from aijobs_sdk.batch.failures import FailureGroup
from aijobs_sdk.batch.options import read_options
from aijobs_sdk.batch.progress import BatchProgress, progress_of
from aijobs_sdk.cli.ages import age_text
from aijobs_sdk.cli.batch_named import is_run, reason_text, runner_text, state_text
from aijobs_sdk.cli.batch_summary import failure_lines
from aijobs_sdk.cli.display import ROWS_WIDTH, new_table
from aijobs_sdk.contract.batches import BatchRecord
from aijobs_sdk.notebook.amounts import credits_text, duration


def print_batches(records: Sequence[BatchRecord], console: Console) -> None:
    """Print one line a batch: how far it is, and who runs it."""
    if not records:
        console.print("No batches. `aijobs batch FILE --name NAME` begins one.")
        return
    table = new_table(["state"], rest="name", numbers=["rows", "done", "failed", "credits", "run by", "age"])
    for one in records:
        now = one.standing
        counts = (f"{count:,}" for count in (one.rows, now.completed, now.failed))
        age = age_text(datetime.now(UTC) - one.created_at)
        who = escape(_short(one))
        table.add_row(state_text(one), escape(one.name), *counts, f"{now.credits:,.2f}", who, age)
    console.print(table, width=min(console.width, ROWS_WIDTH))


def batch_line(record: BatchRecord) -> str:
    """Return a batch as one line of fields separated by tabs."""
    now = record.standing
    counts = (record.rows, now.completed, now.failed, format(now.credits, "f"))
    return "\t".join(
        map(str, (record.name, state_text(record), *counts, _short(record), record.created_at.isoformat()))
    )


def batch_json(record: BatchRecord) -> dict[str, JsonValue]:
    """Return a batch for a program; credits are decimal text."""
    now, budget = record.standing, read_options(record.settings).budget
    held = record.holder.model_dump(mode="json", exclude={"token"}) if record.holder and is_run(record) else None
    return {
        "name": record.name,
        "id": str(record.id),
        "state": state_text(record),
        "reason": reason_text(record),
        "rows": record.rows,
        "completed": now.completed,
        "failed": now.failed,
        "skipped": now.skipped,
        "running": now.running,
        "retries": now.retries,
        "input_tokens": now.input_tokens,
        "output_tokens": now.output_tokens,
        "credits": format(now.credits, "f"),
        "metered_credits": format(now.metered_credits, "f"),
        "budget": None if budget is None else format(budget, "f"),
        "seconds": round(now.elapsed_seconds, 3),
        "run_by": held,
        "created_at": record.created_at.isoformat(),
        "updated_at": record.updated_at.isoformat(),
    }


def batch_text(record: BatchRecord, causes: Iterable[FailureGroup]) -> str:
    """Return all that is known of a batch."""
    now = progress_of(record.standing, total=record.rows, budget=read_options(record.settings).budget)
    reason, who = reason_text(record), runner_text(record)
    facts: Mapping[str, str] = {
        "batch": record.name,
        "state": f"{state_text(record)}: {reason}" if reason else state_text(record),
        "run by": f"{who} since {record.holder.since:%m-%d %H:%M} UTC" if who and record.holder else "nobody",
        "rows": _rows(now),
        "tokens": f"{now.input_tokens:,} in, {now.output_tokens:,} out",
        "credits": f"{_credits(now)}, {credits_text(now.metered_credits)} metered",
        "time": f"{duration(now.elapsed_seconds)}, begun {record.created_at:%Y-%m-%d %H:%M} UTC",
    }
    return "\n".join([*(f"{name:<8} {value}" for name, value in facts.items()), *failure_lines(causes)])


def _rows(now: BatchProgress) -> str:
    counts = {"completed": now.completed, "failed": now.failed, "skipped": now.skipped, "under way": now.running}
    said = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    return f"{now.total:,}: {said or 'none sent yet'}"


def _credits(now: BatchProgress) -> str:
    """Return what was spent, of what may be."""
    budget = "" if now.budget is None else f" of {now.budget:,f}"
    return f"{credits_text(now.credits)}{budget} credits"


def _short(record: BatchRecord) -> str:
    """Return who runs it, as short as it can be told; empty where nobody does."""
    if record.holder is None or not is_run(record):
        return ""
    is_here = record.holder.host == socket.gethostname()
    return str(record.holder.pid) if is_here else f"{record.holder.pid}@{record.holder.host}"
