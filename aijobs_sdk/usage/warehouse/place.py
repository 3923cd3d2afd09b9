"""Where a lake is kept: a folder, or an object store, both as fsspec knows them. Files appear whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast
from urllib.parse import urlsplit

from aijobs_sdk.contract.errors import ConfigurationError, InvalidRequestError
from aijobs_sdk.contract.refusal import bad_argument, path_of

_PARTIAL = ".partial"


def open_place(place: str | Path) -> Place:
    """Return the place. Nothing is made yet.

    Raises:
        InvalidRequestError: it is neither a path nor a URL that fsspec knows.
        ConfigurationError: fsspec, or what it needs for the URL, is not installed.
    """
    try:
        from fsspec.core import url_to_fs  # type: ignore[import-untyped] # noqa: PLC0415 - an extra
    except ModuleNotFoundError as missing:
        raise ConfigurationError("A lake needs pyarrow and fsspec: pip install 'aijobs-sdk[lake]'.") from missing
    if not (isinstance(place, str) and "://" in place):
        place = path_of("place", place)
    scheme = urlsplit(str(place)).scheme
    try:
        files, root = url_to_fs(str(place))
    except ImportError as missing:
        raise ConfigurationError(f"A lake at {scheme}://… cannot be reached: {missing}") from missing
    except ValueError:
        problem = f"has a scheme that fsspec does not know, {scheme!r}"
        raise bad_argument("place", problem) from None
    return Place(cast("_Files", files), root.rstrip("/"))


class Place:
    """A folder and what is below it. Errors name the file, never the place: its URL may hold a password."""

    def __init__(self, files: _Files, root: str) -> None:
        self._files = files
        self._root = root

    def load(self, name: str) -> bytes | None:
        """Return what a file holds; None: there is none."""
        with _told(name):
            try:
                return self._files.cat_file(self._path(name))
            except FileNotFoundError:
                return None

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Open a file to be read."""
        with _told(name), self._files.open(self._path(name), "rb") as file:
            yield file

    def save(self, name: str, source: Path) -> None:
        """Copy a local file there; one of that name is replaced."""
        with _told(name), self._to_be(name) as partial:
            self._files.put_file(str(source), partial)

    def save_text(self, name: str, text: str) -> None:
        """Write a file there; one of that name is replaced."""
        with _told(name), self._to_be(name) as partial:
            self._files.pipe_file(partial, text.encode())

    def clear(self, folder: str) -> None:
        """Delete the files of a folder, where there is one; not what is in folders below it."""
        with _told(folder):
            for path in self._files.find(self._path(folder), maxdepth=1):  # no pattern: the place may look like one
                self._files.rm_file(path)

    @contextmanager
    def _to_be(self, name: str) -> Iterator[str]:
        """Give the path to write to. What is written gets its name when all of it is there."""
        path = self._path(name)
        folder, _, last = path.rpartition("/")
        partial = f"{folder}/_{last}{_PARTIAL}"
        self._files.makedirs(folder, exist_ok=True)
        yield partial
        self._files.mv(partial, path)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


class _Files(Protocol):
    """What is needed of fsspec's file systems."""

    def cat_file(self, path: str) -> bytes: ...

    def find(self, path: str, maxdepth: int) -> list[str]: ...

    def makedirs(self, path: str, exist_ok: bool = False) -> None: ...  # noqa: FBT001, FBT002 - fsspec's own

    def mv(self, path1: str, path2: str) -> None: ...

    def open(self, path: str, mode: str) -> BinaryIO: ...

    def pipe_file(self, path: str, value: bytes) -> None: ...

    def put_file(self, lpath: str, rpath: str) -> None: ...

    def rm_file(self, path: str) -> None: ...


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Let errors of files leave as one of ours."""
    try:
        yield
    except OSError as error:
        raise InvalidRequestError(
            f"The lake cannot keep {name} ({error.strerror or type(error).__name__}). Check the place and its rights."
        ) from error
