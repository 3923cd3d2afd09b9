"""Files written aside and shown all at once, so that no reader ever finds half an export."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self
from uuid import uuid4

from aijobs_sdk.contract.errors import InvalidRequestError


class Staging:
    """The numbered files of one export: hidden while they are written, renamed together on a clean exit.

    `query_usage-20260122T101500Z-3fa81c09-0001.csv`: the time it was made and a random part, so that two exports into
    one folder never meet. After an error nothing is left behind.
    """

    def __init__(self, folder: Path, *, name: str, ending: str) -> None:
        self._folder = folder
        self._stem = f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}"
        self._ending = ending
        self._hidden: list[Path] = []
        self._open_file = ExitStack()
        self.published: list[Path] = []
        """The final paths, in order, once the block has ended well."""

    def next_file(self) -> BinaryIO:
        """Close the file at hand and return the next one, empty.

        Raises:
            InvalidRequestError: the folder cannot be written to.
        """
        self._open_file.close()
        # A leading dot and a foreign ending: neither `*` nor `*.csv` finds it.
        hidden = self._folder / f".{self._stem}-{len(self._hidden) + 1:04d}.{self._ending}.partial"
        try:
            file = self._open_file.enter_context(hidden.open("xb"))
        except OSError as error:
            raise InvalidRequestError(
                f"{self._folder} cannot be written to ({error.strerror}). Choose another folder for the export."
            ) from error
        self._hidden.append(hidden)
        return file

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open_file.close()
        if error is None:
            self.published = [self._publish(path) for path in self._hidden]
        else:
            self._discard()

    def _publish(self, hidden: Path) -> Path:
        return hidden.rename(self._folder / hidden.name.removeprefix(".").removesuffix(".partial"))

    def _discard(self) -> None:
        for path in self._hidden:
            path.unlink(missing_ok=True)
