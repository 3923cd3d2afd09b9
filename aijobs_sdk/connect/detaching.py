"""Starts the process that runs a batch by itself, in a session of its own: a killed notebook does not take it along."""

from __future__ import annotations

import atexit
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from pydantic import SecretStr

from aijobs_sdk.batch.own_process import Detaching
from aijobs_sdk.connect.models import OwnModels
from aijobs_sdk.connect.settings import Settings
from aijobs_sdk.contract.errors import ConfigurationError
from aijobs_sdk.contract.provider import Provider
from aijobs_sdk.providers.credentials import Credentials
from aijobs_sdk.simulation.mock import Mock

NO_CREDENTIALS = Credentials()
_started: list[subprocess.Popen[bytes]] = []
"""Those that may still run: Python complains about a process that nobody holds any more, or has waited for."""
LAST_WORDS = 2000
"""Characters of a log that an error quotes."""


@dataclass(frozen=True)
class Order:
    """What a runner is to do, and with what. It holds keys: it goes through a pipe, and never onto a disk."""

    name: str
    settings: Settings
    credentials: Credentials
    models: OwnModels
    api_key: SecretStr | None


def detaching_at(
    settings: Settings,
    *,
    credentials: Credentials = NO_CREDENTIALS,
    models: OwnModels = (),
    providers: Sequence[Provider] = (),
    api_key: SecretStr | None = None,
    simulated: Mock | None = None,
) -> Detaching:
    """Return whether a batch can be run by a process of its own at an address, and how."""
    if urlsplit(settings.url).scheme == "memory":
        return Detaching(None, "jobs in `memory://` are known to this process alone. Use `sqlite:///jobs.db`.")
    if simulated is not None:
        return Detaching(None, "the world of `aijobs.mock()` is this process's alone.")
    if providers:
        return Detaching(None, "`providers` that you pass live in this process.")

    folder = _folder_of_this_process()

    def start(name: str, concurrency: int) -> RunnerProcess:
        fitting = _with_room_for(concurrency, settings)
        order = Order(name=name, settings=fitting, credentials=credentials, models=models, api_key=api_key)
        return start_runner(order, os.environ, folder)

    return Detaching(start)


class RunnerProcess:
    """A process that was started to run a batch."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def has_ended(self) -> bool:
        """Return whether it runs no more."""
        return self._process.poll() is not None

    def last_words(self) -> str:
        """Return where its log is, and what it said last."""
        try:
            said = self._log.read_text(encoding="utf-8", errors="replace").strip()[-LAST_WORDS:]
        except OSError as error:
            return f"Its log at {self._log} cannot be read: {error.strerror}."
        return f"Its log is at {self._log}{f': {said}' if said else ', and empty.'}"


def _with_room_for(jobs: int, settings: Settings) -> Settings:
    """Return settings by which a runner begins each of its rows itself: one that another process takes dies with that.

    With a concurrency of 0 other processes do all the work, as somebody wanted.
    """
    limits = settings.limits
    if not limits.concurrency:
        return settings
    places = max(2 * jobs, limits.concurrency)  # a row is over a moment before its place is free
    return settings.replace(limits=limits.replace(concurrency=places, own_first=True))


def _folder_of_this_process() -> Path | None:
    """Return where a client is made, as relative paths in its settings are meant; None where it is gone."""
    with suppress(FileNotFoundError):
        return Path.cwd()
    return None


def start_runner(order: Order, environment: Mapping[str, str], folder: Path | None = None) -> RunnerProcess:
    """Start a process that carries out an order, in a folder, and that no signal to this one's group reaches.

    Raises:
        ConfigurationError: there is no place for its log.
    """
    log = _log_of(order.name, environment)
    with log.open("ab") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "aijobs_sdk.connect.batch_runner"],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            start_new_session=True,
            cwd=folder,
            env=dict(environment),
        )
    _started[:] = [process, *_still_running()]
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    with suppress(BrokenPipeError), process.stdin:  # it may have been killed: whoever waits for it is told
        process.stdin.write(pickle.dumps(order))
    return RunnerProcess(process, log)


@atexit.register
def _still_running() -> list[subprocess.Popen[bytes]]:
    """Take note of those that have ended, and return the others."""
    return [process for process in _started if process.poll() is None]


def _log_of(name: str, environment: Mapping[str, str]) -> Path:
    state = environment.get("XDG_STATE_HOME")
    try:
        folder = (Path(state) if state else Path.home() / ".local" / "state") / "aijobs" / "batches"
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', name)[:60]}-{os.getpid()}-{uuid4().hex[:6]}.log"
        log.touch()
    except (OSError, RuntimeError) as error:  # the latter is Python's word for a user without a home
        raise ConfigurationError(
            f"The process of its own that runs a batch with a name has no place for its log: {error}. Set "
            "XDG_STATE_HOME to a folder that can be written, or run the batch here: `detach=False`, or --no-detach."
        ) from None
    return log
