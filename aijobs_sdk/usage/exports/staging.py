"""Files written aside and shown all at once, so that no reader ever finds half an export."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self
from uuid import uuid4

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.plain_text import is_whole
from aijobs_sdk.contract.shapes import shape_of

MOST_OF_A_NAME = 200
"""Bytes; with what follows it, less than a file's name may have."""


class Staging:
    """The numbered files of one export: hidden while they are written, renamed together on a clean exit.

    `query_usage-20260122T101500Z-3fa81c09-0001.csv`: the time it was made and a random part, so that two exports into
    one folder never meet. After an error nothing is left behind.

    Raises:
        InvalidRequestError: `name` is no plain word, or the folder cannot be made or written to.
    """

    def __init__(self, folder: Path, *, name: str, ending: str) -> None:
        self._folder = folder.expanduser()
        self._stem = f"{_plain(name)}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}"
        self._ending = ending
        self._hidden: list[tuple[Path, Path]] = []
        """Where each file is, and where it is to be."""
        self._open_file = ExitStack()
        self.published: list[Path] = []
        """The final paths, in order, once the block has ended well."""
        _make(self._folder)

    def next_file(self, *, within: str = "") -> BinaryIO:
        """Close the file at hand and return the next one, empty; it is to be in the folder `within` this one."""
        name = f"{self._stem}-{len(self._hidden) + 1:04d}.{self._ending}"
        hidden = self._folder / f".{name}.partial"  # neither `*` nor `*.csv` finds it
        try:
            self._open_file.close()
            file = self._open_file.enter_context(hidden.open("xb"))
        except OSError as error:
            raise self.refused(error.strerror) from error
        self._hidden.append((hidden, self._folder / within / name))
        return file

    def refused(self, reason: object) -> InvalidRequestError:
        """Return the error for a folder that takes no file, or no more of one."""
        return InvalidRequestError(
            f"{self._folder} cannot be written to ({reason}). Choose another folder for the export."
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._open_file.close()  # a disk that was full when something was written is so now
            if error is None:
                self._publish()
        except OSError as unwritten:
            raise self.refused(unwritten.strerror) from unwritten
        finally:
            for hidden, _ in self._hidden:
                hidden.unlink(missing_ok=True)

    def _publish(self) -> None:
        for folder in {shown.parent for _, shown in self._hidden}:
            _make(folder)
        self.published = [hidden.rename(shown) for hidden, shown in self._hidden]


def _plain(name: str) -> str:
    if not isinstance(name, str) or not name or Path(name).name != name or name.startswith(".") or "\0" in name:
        raise InvalidRequestError(f"{name!r} cannot begin a file name. Give a plain word, such as 'january'.")
    if not is_whole(name) or len(name.encode()) > MOST_OF_A_NAME:
        raise InvalidRequestError(f"`name` cannot begin a file name: it is {shape_of(name)}. Give a plain word.")
    return name


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidRequestError(
            f"{folder} cannot be used as a folder ({error.strerror}). Choose another one for the export."
        ) from error
