"""Runs a batch in front of a person: its price, how far it is, and what it means that it stopped early."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from decimal import Decimal
from typing import Any, NamedTuple

import click

from aijobs_sdk.batch.progress import BatchProgress
from aijobs_sdk.cli.batch_named import Named, find_batch, is_run
from aijobs_sdk.cli.batch_progress import watched
from aijobs_sdk.cli.errors import interrupted
from aijobs_sdk.cli.exit_codes import ExitCode
from aijobs_sdk.client.batch import Batch
from aijobs_sdk.client.client import Client
from aijobs_sdk.contract.batches import BatchRecord, BatchState
from aijobs_sdk.contract.errors import BatchNotFoundError, BatchPausedError
from aijobs_sdk.contract.showing import counted

MANY_ROWS = 1000
MANY_CREDITS = Decimal(100)


class Stopped(click.ClickException):
    """A batch ended before each of its rows was over; nothing was written."""

    exit_code = ExitCode.FAILED

    def show(self, file: Any = None) -> None:  # noqa: ANN401 - click's own signature
        """Print the message; it is no error."""
        click.echo(self.message, file=file, err=True)


class Run(NamedTuple):
    """A batch that is to be run, and by whom that is watched."""

    client: Client
    batch: Batch
    named: Named | None
    quiet: bool
    """Whether a program watches: it is shown nothing while the batch runs."""

    def to_its_end(self, go: Callable[[], object], *, asks: bool = False) -> None:
        """Run it, after its price was shown where that is high; `asks` whether to go on then.

        Raises:
            Stopped: it stopped before its end; the message says why, and how to go on.
            Interrupted: by Ctrl-C or SIGTERM; the message says what that leaves.
        """
        with self.named.in_reach() if self.named else nullcontext(), self._until_interrupted():
            self._show_price(asks=asks)
            try:
                with watched(self.batch, quiet=self.quiet):
                    go()
            except BatchPausedError as paused:
                finished = _so_far(self.batch.progress)
                raise Stopped(f"Paused: {finished} are finished. {paused.reason}\n{self._way_on()}") from None
        done = self.batch.progress
        if done.state is BatchState.CANCELLED:
            raise Stopped(f"Somebody cancelled it: {_so_far(done)} are finished.\n{self._way_on()}")

    def _show_price(self, *, asks: bool) -> None:
        with watched(self.batch, quiet=self.quiet or not sys.stderr.isatty()):
            estimate = self.batch.estimate()
        if self.quiet or (estimate.to_send <= MANY_ROWS and estimate.credits <= MANY_CREDITS):
            return
        click.echo(f"Estimate: {estimate}.", err=True)
        if asks and sys.stdin.isatty():
            click.confirm("Run it?", default=True, abort=True, err=True)

    @contextmanager
    def _until_interrupted(self) -> Iterator[None]:
        try:
            yield
        except KeyboardInterrupt as told:
            raise interrupted(self._what_goes_on(), by=told) from None

    def _way_on(self) -> str:
        """Return how to go on with what was stopped."""
        if self.named is None:
            return "Nothing was written. With a --name, and a --url that lasts, it could go on."
        if not self.named.lasts:
            return "Nothing was written, and `memory://` forgets it now. Say a --url that lasts: sqlite:///jobs.db."
        raised = [] if self.batch.progress.budget is None else ["--budget CREDITS"]
        return f"Nothing was written. Go on: {self.named.command('resume', *raised)}"

    def _what_goes_on(self) -> str:
        """Return what becomes of a batch that nobody watches any more."""
        nothing = f"Interrupted after {_so_far(self.batch.progress)}; nothing was written."
        if self.named is None or not self.named.lasts:
            return nothing
        try:
            record = find_batch(self.client, self.named.name)
        except BatchNotFoundError:
            return nothing
        if _is_run_elsewhere(record):
            return (
                f"Batch {self.named.name!r} goes on by itself.\n"
                f"See it: {self.named.command('status')}\nStop it: {self.named.command('pause')}"
            )
        if record.standing.state is BatchState.OPEN:
            return f"{nothing} It was being made ready; whether it runs now: {self.named.command('status')}"
        return f"{nothing} Batch {self.named.name!r} stops where it is.\nGo on: {self.named.command('resume')}"


def _so_far(done: BatchProgress) -> str:
    return f"{done.finished:,} of {counted(done.total, 'row')}"


def _is_run_elsewhere(record: BatchRecord) -> bool:
    return is_run(record) and record.holder is not None and record.holder.pid != os.getpid()
