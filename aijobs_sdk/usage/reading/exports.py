"""Where exports lie: which files a list of paths means, in which order, and how each is brought here."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.plain_text import is_plain, made_plain
from aijobs_sdk.usage.folders import files_below, is_hidden

SourceFormat: TypeAlias = Literal["csv", "jsonl", "parquet"]

_FORMAT_OF: dict[str, SourceFormat] = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".jsonl": "jsonl",
    ".jsonl.gz": "jsonl",
    ".parquet": "parquet",
}
_ENDINGS = ".csv, .jsonl or .parquet"
_PACKED = ".csv.gz or .jsonl.gz"
_PACKED_OTHERWISE = re.compile(r".*\.(csv|jsonl|parquet)\.(gz|zst|bz2|xz|zip|lz4|br|z|7z)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Export:
    """A file of usage that was found and not read yet."""

    path: str
    """As it is shown."""
    place: str
    """Where it really is, whatever it was named by."""
    format: SourceFormat
    size_bytes: int
    bring: Callable[[Path], Path]
    """Put it into a folder, if it is not on this machine, and return the path of the file."""

    @property
    def is_packed(self) -> bool:
        """Whether its bytes are those of gzip."""
        return self.path.lower().endswith(".gz")


def format_of(name: str) -> SourceFormat | None:
    """Return what a file of this name holds; None: no usage.

    Raises:
        InvalidRequestError: usage, packed in a way that cannot be read. In a folder it would be missing in the bill.
    """
    lowered = name.lower()
    kind = next((kind for ending, kind in _FORMAT_OF.items() if lowered.endswith(ending)), None)
    if kind is None and _PACKED_OTHERWISE.fullmatch(name):
        raise InvalidRequestError(
            f"{name} is packed in a way that is not read here. Unpack it, or make it a {_PACKED}."
        )
    return kind


def local_exports(path: Path) -> list[Export]:
    """Return the files that `path` means: itself, those below a folder, or those that match a pattern.

    Those of a folder or pattern are sorted by path; hidden ones and other kinds of files are left out.

    Raises:
        InvalidRequestError: it means no export file, or one that is empty or has another ending.
    """
    return [_described(file) for file in _files_of(path)]


def checked_size(path: str, size_bytes: int) -> int:
    """Return the size of a file that has something in it.

    Raises:
        InvalidRequestError: it has not.
    """
    if not size_bytes:
        raise InvalidRequestError(f"{path} is empty, not even a header. Export it again, or leave it out.")
    return size_bytes


def checked_format(path: str) -> SourceFormat:
    """Return what a file that was named holds.

    Raises:
        InvalidRequestError: it has the ending of no export.
    """
    kind = format_of(path)
    if kind is None:
        raise InvalidRequestError(
            f"{path} is not an export: its name must end in {_ENDINGS}. A store is named by `store`, without paths."
        )
    return kind


def holds_no_export(path: str) -> InvalidRequestError:
    """Return the error for a place without a file to read."""
    return InvalidRequestError(f"{path} holds no export. Name files, or a place with files, in {_ENDINGS}.")


def _files_of(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir() and not glob.has_magic(str(path)):
        raise InvalidRequestError(
            f"{path} does not exist. Name an export file, a folder, or a pattern such as exports/**/*.parquet."
        )
    found = _in_folder(path) if path.is_dir() else _matching(path)
    if not found:
        raise holds_no_export(str(path))
    return found


def _matching(pattern: Path) -> list[Path]:
    # glob, not Path.glob: that one takes no absolute pattern and finds hidden files.
    found = [Path(match) for match in sorted(glob.glob(str(pattern), recursive=True))]  # noqa: PTH207
    in_folders = [file for folder in found if folder.is_dir() for file in _in_folder(folder)]
    return _exports_among(found) + in_folders


def _in_folder(folder: Path) -> list[Path]:
    return _exports_among(files_below(folder))


def _exports_among(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if not is_hidden(path.name) and path.is_file() and format_of(str(path))]


def _described(file: Path) -> Export:
    path, place = str(file), os.path.realpath(file)
    kind = checked_format(path)
    if not is_plain(f"{path}{place}"):  # as in an archive of another age; no database could note it
        raise InvalidRequestError(f"{made_plain(path)} has a name, or a folder, that is not in UTF-8. Rename it.")
    try:
        size_bytes = file.stat().st_size
    except OSError as error:
        raise InvalidRequestError(f"{path} cannot be read ({error.strerror}). Check who may read it.") from error
    # DuckDB takes a `~` that a path begins with for a home.
    return Export(path, place, kind, checked_size(path, size_bytes), bring=lambda _: file.absolute())
