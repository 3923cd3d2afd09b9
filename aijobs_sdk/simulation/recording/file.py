"""The file of a recording: JSON lines, the first of which says what it is; each is written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from aijobs_sdk.contract.errors import ConfigurationError, InvalidRequestError
from aijobs_sdk.simulation.recording.exchange import Exchange

if sys.platform != "win32":
    import fcntl

FORMAT, VERSION = "aijobs-recording", 1
_FIRST_LINE = json.dumps({"format": FORMAT, "version": VERSION}).encode() + b"\n"


class TornRecordingWarning(UserWarning):
    """The last line of a recording is not whole: whoever wrote it was ended in the middle."""


class Recording(NamedTuple):
    """What a file holds."""

    path: Path
    exchanges: Sequence[Exchange]
    """In the order in which their calls began."""

    @staticmethod
    def load(path: str | Path) -> Recording:
        """Return what a file holds. A last line that was torn off is left out, with a `TornRecordingWarning`.

        Raises:
            ConfigurationError: the file cannot be read.
            InvalidRequestError: it is no recording, or one of another version; file and line are named.
        """
        path = Path(path)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"Cannot read the recording {path}: {error.strerror}.") from error
        if b"\n" not in data and not _FIRST_LINE.startswith(data):
            raise _no_recording(path)
        exchanges = _exchanges(path, _whole_lines(path, data))
        return Recording(path, sorted(exchanges, key=lambda one: one.number))


class RecordingFile:
    """A recording that grows. Calls may end in any thread; the file belongs to one recorder at a time."""

    def __init__(self, path: str | Path) -> None:
        """Open a file to add to, or a new one.

        Raises:
            ConfigurationError: nothing can be written there, or somebody records to it already.
            InvalidRequestError: there is a file that is no recording, or one of another version.
        """
        self.path = Path(path)
        self.next_number = 1
        """What the next call is told by."""
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._lost: list[str] = []
        try:
            # One write() a line, past all buffers: nothing is left half said when this process ends.
            self._file = self.path.open("ab", buffering=0)
        except OSError as error:
            raise _cannot_record(self.path, error.strerror) from error
        try:
            _take_for_oneself(self._file, self.path)
            self._begin()
        except BaseException:
            self._file.close()
            raise

    @property
    def is_ours(self) -> bool:
        """Whether this process opened it, rather than the one that this was forked from."""
        return self._pid == os.getpid()

    def add(self, exchange: Exchange) -> None:
        """Write one exchange. Where that fails the caller's call goes on, and `close()` tells of it."""
        line = exchange.model_dump_json(exclude_defaults=True).encode() + b"\n"
        with self._lock:
            if not self._file.closed:
                self._write(line)

    def leave_out(self, problem: str) -> None:
        """Leave out an exchange that no file could hold; `close()` tells of it."""
        self._lost.append(problem)

    def close(self) -> None:
        """Close the file.

        Raises:
            ConfigurationError: some exchanges could not be written.
        """
        with self._lock:
            if not self._file.closed:
                _give_back(self._file)
                self._file.close()
        if self._lost:
            raise ConfigurationError(
                f"{len(self._lost)} exchanges are missing in {self.path}: {self._lost[0]}. Mend that and record again."
            )

    def _begin(self) -> None:
        size = self._file.seek(0, os.SEEK_END)
        if size:
            self.next_number += max((one.number for one in Recording.load(self.path).exchanges), default=0)
        torn = self.path.read_bytes().rpartition(b"\n")[2] if size else b""
        if torn:
            self._file.truncate(size - len(torn))  # or the next line would begin in the middle of this one
        if size == len(torn):
            self._write(_FIRST_LINE)
        if self._lost:
            raise _cannot_record(self.path, self._lost[0])

    def _write(self, line: bytes) -> None:
        before = self._file.seek(0, os.SEEK_END)
        try:
            if self._file.write(line) != len(line):
                self._file.truncate(before)
                self._lost.append("there was no room for all of it")
        except OSError as error:
            self._lost.append(error.strerror or str(error))


def _take_for_oneself(file: FileIO, path: Path) -> None:
    """Keep other recorders off, in this process and in others: each would number its calls as if it were alone.

    Raises:
        ConfigurationError: one is there already.
    """
    if sys.platform == "win32":
        return  # where it would keep readers off as well
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConfigurationError(
            f"Cannot record to {path}: somebody records to it already. Share that recorder, or name another file."
        ) from None
    except OSError:
        return  # a file system without locks


def _give_back(file: FileIO) -> None:
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_UN)  # as a forked child may have it open still


def _whole_lines(path: Path, data: bytes) -> list[bytes]:
    *lines, torn = data.split(b"\n")
    if torn:
        warnings.warn(
            f"The last line of {path} is torn off: the exchange that was under way is missing.",
            TornRecordingWarning,
            stacklevel=2,
        )
    return lines


def _exchanges(path: Path, lines: Sequence[bytes]) -> Iterator[Exchange]:
    if lines:
        _check_first_line(path, lines[0])
    for number, line in enumerate(lines[1:], start=2):
        try:
            yield Exchange.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            field = ".".join(map(str, first["loc"])) or "it"
            said = first["msg"].removeprefix("Value error, ")
            raise InvalidRequestError(
                f"{path}, line {number}: this is no recorded exchange: {field}: {said}. Record it again.",
                code="invalid_recording",
            ) from None


def _check_first_line(path: Path, line: bytes) -> None:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        raise _no_recording(path) from None
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise _no_recording(path)
    if said.get("version") != VERSION:
        raise InvalidRequestError(
            f"{path} is a recording of version {said.get('version')}, and this package knows version {VERSION} only. "
            "Record to another file.",
            code="invalid_recording",
        )


def _cannot_record(path: Path, problem: str | None) -> ConfigurationError:
    return ConfigurationError(f"Cannot record to {path}: {problem}. Choose a place that can be written to.")


def _no_recording(path: Path) -> InvalidRequestError:
    return InvalidRequestError(
        f"{path} is no recording: its first line does not say {FORMAT!r}. Name another file.",
        code="invalid_recording",
    )
