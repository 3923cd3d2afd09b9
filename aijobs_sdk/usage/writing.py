"""Files for whoever reads a report or a bill: each appears complete, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from errno import EISDIR
from os import strerror
from pathlib import Path
from uuid import uuid4

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.store import DatabaseError


def write_files(writers: Mapping[Path, Callable[[Path], object]]) -> list[Path]:
    """Write each file by its writer, under another name beside it, and rename them all when the last is written.

    Missing folders are made. A file of that name is replaced; after an error none is, and nothing is left behind.

    Raises:
        InvalidRequestError: a file cannot be written.
    """
    hidden = {path: path.with_name(f".{path.name}.{uuid4().hex[:8]}.partial") for path in writers}
    try:
        for path, writer in writers.items():
            _make_way(path)
            writer(hidden[path])
        return [hidden[path].replace(path) for path in writers]
    except (OSError, DatabaseError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidRequestError(
            f"The file cannot be written to {path} ({reason}). Choose another place for it."
        ) from error
    finally:
        for partial in hidden.values():
            if partial.is_file():
                partial.unlink()


def _make_way(path: Path) -> None:
    """Make the folder, and refuse at once what would stop the renaming half-way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(EISDIR, strerror(EISDIR))
