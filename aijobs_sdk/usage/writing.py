"""Files for whoever reads a report or a bill: each appears complete, or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from errno import EINVAL, EISDIR
from pathlib import Path
from uuid import uuid4

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.store import DatabaseError


def write_files(writers: Mapping[Path, Callable[[Path], object]]) -> list[Path]:
    """Write each file by its writer, under another name beside it, and rename them all when the last is written.

    Missing folders are made, `~` is the user's own, and links are followed. A file of that name is replaced; after an
    error none is, and nothing is left behind. The paths are returned.

    Raises:
        InvalidRequestError: a file cannot be written.
    """
    targets = {path.expanduser(): writer for path, writer in writers.items()}
    real = {path: Path(os.path.realpath(path)) for path in targets}
    hidden = {path: real[path].with_name(f".{uuid4().hex}.partial") for path in targets}
    try:
        for path, writer in targets.items():
            _make_way(path)
            writer(hidden[path])
        for path in targets:
            hidden[path].replace(real[path])
        return list(targets)
    except (OSError, DatabaseError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidRequestError(
            f"The file cannot be written to {path} ({reason}). Choose another place for it."
        ) from error
    finally:
        for partial in hidden.values():
            with suppress(OSError):  # that it could not be written is told already
                partial.unlink()


def _make_way(path: Path) -> None:
    """Make the folder, and refuse at once what would stop the renaming half-way, or be lost by it: /dev/null."""
    Path(os.path.realpath(path)).parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
    if path.exists() and not path.is_file():
        raise OSError(EINVAL, "it is a device or a pipe, and no file")
