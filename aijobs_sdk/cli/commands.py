"""The group of all commands: a command's room is loaded when it is asked for."""

from __future__ import annotations

import click

from aijobs_sdk.cli.lazy_group import Entry, LazyGroup

_ENTRIES = {
    "batch": Entry("aijobs_sdk.cli.batch", "Run a prompt over every row of FILE (.jsonl, .csv or .parquet)."),
    "demo": Entry("aijobs_sdk.cli.demo", "Show a simulated day in ten seconds: batch, faults, bill."),
    "dlq": Entry("aijobs_sdk.cli.dlq", "Look into jobs that failed (dead letters), and run them again."),
    "export": Entry("aijobs_sdk.cli.export", "Write usage rows, and how jobs ended, to files."),
    "health": Entry("aijobs_sdk.cli.health", "Tell whether jobs can be taken in and read."),
    "keys": Entry("aijobs_sdk.cli.keys", "Make, list and revoke the keys that a server asks for."),
    "models": Entry("aijobs_sdk.cli.known", "List the models that can be named, with what they cost."),
    "schedule": Entry("aijobs_sdk.cli.schedule", "Submit jobs again and again, by the clock."),
    "serve": Entry("aijobs_sdk.cli.serve", "Serve the job API until SIGINT (Ctrl-C) or SIGTERM."),
    "submit": Entry("aijobs_sdk.cli.submit", "Submit one job, wait for it, and print its result."),
    "types": Entry("aijobs_sdk.cli.known", "List the job types, with the fields of their payloads."),
    "usage": Entry("aijobs_sdk.cli.usage", "Tell what jobs cost."),
    "watch": Entry("aijobs_sdk.cli.watch", "Follow one job to its end, event by event; it runs elsewhere."),
    "worker": Entry("aijobs_sdk.cli.worker", "Run the jobs of a database until SIGINT (Ctrl-C) or SIGTERM."),
}


@click.group(
    cls=LazyGroup,
    entries=_ENTRIES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="aijobs-sdk")
def aijobs() -> None:
    """Run AI generation jobs: submit, watch, batch, and see what they cost.

    Nothing leaves this machine unless AI_MOCK_MODE=false.
    """
