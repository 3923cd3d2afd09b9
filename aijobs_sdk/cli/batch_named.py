"""A batch by its name: the commands that go on with it, and what is said when it cannot be had."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, assert_never

from aijobs_sdk.batch.journal.detach import RUNNER_DIED
from aijobs_sdk.batch.journal.holders import runner_of
from aijobs_sdk.cli.address import is_kept, shown_url
from aijobs_sdk.cli.errors import BadInput
from aijobs_sdk.client.client import Client
from aijobs_sdk.contract.batches import BatchRecord, BatchState, BatchWish
from aijobs_sdk.contract.errors import BatchHeldError, BatchNotFoundError


class Named(NamedTuple):
    """Which batch is meant: its name, and the `--url` that was given."""

    name: str
    url: str | None

    def command(self, word: str, *options: str) -> str:
        """Return a command about it, to copy; a password in its address is left out."""
        about = ["--url", shown_url(self.url), *options] if self.url else options
        name = shlex.quote(self.name)
        # With a dash before it, it would be an option wherever it does not stand behind `--`.
        words = [*about, "--", name] if self.name.startswith("-") else [name, *about]
        return " ".join(["aijobs batch", word, *words])

    @property
    def lasts(self) -> bool:
        """Whether its journal is there after this process."""
        return is_kept(self.url)

    @contextmanager
    def in_reach(self) -> Iterator[None]:
        """Say in the words of the command line why the batch cannot be had.

        Raises:
            BadInput: there is none of this name, or another process runs it.
        """
        try:
            yield
        except BatchNotFoundError:
            raise BadInput(f"No batch {self.name!r}. `aijobs batch list` shows all there are.") from None
        except BatchHeldError as held:
            raise BadInput(
                f"Batch {self.name!r} is being run by {held.held_by}. `{self.command('status')}` shows how far it is, "
                f"and `{self.command('pause')}` stops it."
            ) from None


def find_batch(client: Client, name: str) -> BatchRecord:
    """Return the batch of this name.

    Raises:
        BatchNotFoundError: there is none.
    """
    record = next((one for one in client.batches() if one.name == name), None)
    if record is None:
        raise BatchNotFoundError(name)
    return record


def is_run(record: BatchRecord) -> bool:
    """Return whether somebody runs it, as far as that can be known from here."""
    return runner_of(record) is not None


def state_text(record: BatchRecord) -> str:
    """Return where a batch stands, in a word."""
    if not is_run(record):
        return BatchState.PAUSED if record.standing.state is BatchState.RUNNING else record.standing.state
    match record.wish:
        case BatchWish.RUN:
            return record.standing.state
        case BatchWish.PAUSE:
            return "pausing"
        case BatchWish.CANCEL:
            return "cancelling"
        case _:
            assert_never(record.wish)


def reason_text(record: BatchRecord) -> str:
    """Return why nobody works on it; empty where somebody does, or where there is nothing to do."""
    if record.standing.state is BatchState.RUNNING and not is_run(record):
        return RUNNER_DIED
    return record.standing.reason


def runner_text(record: BatchRecord) -> str:
    """Return who runs it; empty where nobody does."""
    if record.holder is None or not is_run(record):
        return ""
    return f"process {record.holder.pid} on {record.holder.host}"
