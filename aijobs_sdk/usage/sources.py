"""Which export files a list of paths means, and what each is: its format, its content's hash, its columns."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.columns import EXPORT_COLUMNS, USAGE_COLUMNS

SourceFormat: TypeAlias = Literal["csv", "jsonl", "parquet"]

_FORMAT_OF: dict[str, SourceFormat] = {".csv": "csv", ".jsonl": "jsonl", ".parquet": "parquet"}
_ENDINGS = ".csv, .jsonl or .parquet"


@dataclass(frozen=True)
class Source:
    """One export file as it was found."""

    file_id: int
    """In the order found, from 0: of two rows with one id the one in the earlier file stays."""
    path: Path
    format: SourceFormat
    size_bytes: int
    sha256: str


def find_sources(paths: str | Path | Iterable[str | Path]) -> list[Source]:
    """Return the files that `paths` mean, each once: files, folders with all below them, and glob patterns.

    The order of `paths` is kept; within a folder or pattern files are sorted by path. Hidden files are left out.

    Raises:
        InvalidRequestError: a path means no export file, or names one that is empty or has another ending.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    if not given:
        raise InvalidRequestError("No paths were given. Name export files, a folder of them, or a pattern.")
    by_real_path: dict[Path, Path] = {}
    for path in (file for one in given for file in _files_of(Path(one).expanduser())):
        by_real_path.setdefault(path.resolve(), path)
    return [_described(number, path) for number, path in enumerate(by_real_path.values())]


def column_names(header: Sequence[str]) -> tuple[str, ...]:
    """Return a name for each field of `header`, in its order: an export column, once, or a place-holder."""
    names: list[str] = []
    for position, field in enumerate(header):
        name = field.strip().lower()
        names.append(name if name in EXPORT_COLUMNS and name not in names else f"unknown_{position}")
    return tuple(names)


def header_problem(header: Sequence[str]) -> str | None:
    """Return why rows under `header` cannot be read: a column missing, or there twice."""
    fields = [field.strip().lower() for field in header]
    missing = [column for column in USAGE_COLUMNS if column not in fields]
    twice = [column for column in EXPORT_COLUMNS if fields.count(column) > 1]
    problems = [f"the file has no column {', '.join(missing)}"] if missing else []
    problems += [f"the file has {', '.join(twice)} more than once"] if twice else []
    return "; ".join(problems) or None


def _files_of(path: Path) -> list[Path]:
    if path.is_file():
        if path.suffix.lower() not in _FORMAT_OF:
            raise InvalidRequestError(f"{path} is not an export: its name must end in {_ENDINGS}.")
        return [path]
    if not path.is_dir() and not glob.has_magic(str(path)):
        raise InvalidRequestError(
            f"{path} does not exist. Name an export file, a folder, or a pattern such as exports/**/*.parquet."
        )
    found = _in_folder(path) if path.is_dir() else _matching(path)
    if not found:
        raise InvalidRequestError(f"{path} holds no export. Name files, or a place with files, in {_ENDINGS}.")
    return found


def _matching(pattern: Path) -> list[Path]:
    # glob, not Path.glob: that one takes no absolute pattern and finds hidden files.
    found = [Path(match) for match in sorted(glob.glob(str(pattern), recursive=True))]  # noqa: PTH207
    in_folders = [file for folder in found if folder.is_dir() for file in _in_folder(folder)]
    return _exports_among(found) + in_folders


def _in_folder(folder: Path) -> list[Path]:
    return _exports_among(sorted(folder.rglob("*")))


def _exports_among(paths: Iterable[Path]) -> list[Path]:
    return [
        path for path in paths if path.suffix.lower() in _FORMAT_OF and not path.name.startswith(".") and path.is_file()
    ]


def _described(file_id: int, path: Path) -> Source:
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size_bytes = path.stat().st_size
    except OSError as error:
        raise InvalidRequestError(f"{path} cannot be read ({error.strerror}). Check who may read it.") from error
    if not size_bytes:
        raise InvalidRequestError(f"{path} is empty, not even a header. Export it again, or leave it out.")
    return Source(file_id, path, _FORMAT_OF[path.suffix.lower()], size_bytes, sha256)
