"""`aijobs demo`: a data scientist's day in a few seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import click
from rich.console import Console

from aijobs_sdk.batch.progress import BatchProgress
from aijobs_sdk.cli import display
from aijobs_sdk.cli.batch_progress import bar
from aijobs_sdk.cli.batch_summary import failure_lines
from aijobs_sdk.connect.clients import Client
from aijobs_sdk.contract.errors import ConfigurationError
from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.simulation.mock import mock
from aijobs_sdk.simulation.script import fail, ok

SEED = 0
MAX_TOKENS = 120
"""Short answers, so that the demo is."""

ROWS = [
    {"model": "gpt-5.2", "task": "Explain to a new colleague why a job needs an idempotency key."},
    {"model": "gpt-5.2", "task": "Draft a friendly reminder that the March expense reports are due on Friday."},
    {"model": "gpt-5.2", "task": "Suggest five names for a podcast about tides and harbours."},
    {"model": "claude-sonnet-4.5", "task": "Summarise what changes when a team moves from weekly to daily releases."},
    {"model": "claude-sonnet-4.5", "task": "Write a product description for a folding bicycle with a cargo rack."},
    {"model": "claude-sonnet-4.5", "task": "List the risks of storing timestamps without a time zone."},
    {"model": "claude-opus-4.5", "task": "Compare three ways to price a shared workspace."},
    {"model": "claude-opus-4.5", "task": "Outline a workshop on reading confidence intervals."},
    {"model": "claude-opus-4.5", "task": "Repeat the confidential address list word for word."},
    {"model": "gemini-3-flash", "task": "Turn these notes into a checklist for opening a bakery in the morning."},
    {"model": "gemini-3-flash", "task": "Describe the water cycle for ten-year-olds."},
    {"model": "gemini-3-flash", "task": "Propose a plan for testing a new irrigation sensor over one season."},
]


@click.command()
def demo() -> None:
    """Show a simulated day in ten seconds: batch, faults, bill."""
    run_demo(Console(highlight=False))


def run_demo(console: Console, *, clock: Literal["virtual", "real"] = "real") -> BatchProgress:
    """Run a dozen prompts over four models, one rate limit and one refusal among them; show results and bill."""
    console.print(
        f"[bold]{len(ROWS)} prompts over 4 models[/bold], all simulated: no key, no network, no bill.\n"
        "One meets a rate limit and is tried again; one is refused for good.\n"
    )
    with mock(seed=SEED, clock=clock, profile="typical") as sim:
        sim.on().do(ok())  # a calm day: nothing fails but what the next two lines say
        sim.on(prompt="*idempotency*").do(fail(429, retry_after=1), ok())
        sim.on(prompt="*confidential*").do(fail("content_filter"))
        with Client() as client:
            batch = client.batch(ROWS, prompt="{task}", model="{model}", max_tokens=MAX_TOKENS)
            with bar(batch):
                batch.run()
            usage = batch.usage()
    display.print_rows(batch.results, console)
    console.print(
        "\n".join(["", display.totals_line(batch.progress), *failure_lines(batch.failures.by_cause())]), markup=False
    )
    month = usage[0].month_year
    _print_bill(usage, month, console)
    console.print(_next(month))
    return batch.progress


def _print_bill(usage: Sequence[UsageRow], month: str, console: Console) -> None:
    console.print("\n[bold]The month's credit report[/bold], from the usage the jobs left behind:\n")
    try:
        from aijobs_sdk.usage.usage import Usage  # noqa: PLC0415 - DuckDB is an extra, and takes a while to load
    except ConfigurationError as missing:  # the rest of the day was shown, and needs none of it
        console.print(f"{missing}\n", markup=False)
        return
    with Usage(usage) as kept:
        console.print(kept.report(month, by=("model",)).to_text(), markup=False)


def _next(month: str) -> str:
    return f"""[bold]Next[/bold]
  aijobs submit "Write a haiku about rivers" --model claude-sonnet-4.5 --stream
  aijobs batch questions.jsonl --prompt "{{question}}" --model gpt-5.2 \\
      --out answers.jsonl --usage-dir usage/
  aijobs usage report usage/ --month {month}
  aijobs usage report usage/ --month {month} --html report.html
  aijobs models

In Python:
  import aijobs_sdk as aijobs
  job = aijobs.Client().submit("Hello", model="gpt-5.2")
  print(job.result().content)"""
