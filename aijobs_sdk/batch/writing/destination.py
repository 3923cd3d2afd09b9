"""Where results may go: found out before the first row is paid for."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from aijobs_sdk.contract.errors import InvalidRequestError

ENDINGS = (".jsonl", ".csv", ".parquet")


def check_output(path: Path) -> None:
    """Refuse a file that could not be written.

    Raises:
        InvalidRequestError: the ending is unknown, its folder does not exist, or nothing can be written there.
    """
    if path.suffix.lower() not in ENDINGS:
        raise InvalidRequestError(
            f"Cannot write {path}: its name should end in {', '.join(ENDINGS)}.", code="unknown_file_kind"
        )
    if "\0" in str(path):
        raise InvalidRequestError("The path holds a NUL, which no file's name does. Mend it.", code="not_writable")
    try:
        folder = target_of(path).parent
        if not folder.is_dir():
            why = f", to which the link {path} leads" if path.is_symlink() else ""
            raise InvalidRequestError(f"There is no folder '{folder}'{why}. Create it first.", code="no_such_folder")
        if path.is_dir():
            raise InvalidRequestError(f"{path} is a folder. Name a file in it.", code="not_writable")
        if path.exists() and not path.is_file():
            raise InvalidRequestError(f"{path} is no regular file. Choose another name.", code="not_writable")
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise cannot_write(path, error) from error


def target_of(path: Path) -> Path:
    """Return where a file is written: where the link leads, if the path is one."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def check_folder(path: Path) -> None:
    """Refuse a folder that does not exist and could not be made, or that nothing can be written to.

    Raises:
        InvalidRequestError: so it is.
    """
    try:
        nearest = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
        if not nearest.is_dir():
            raise InvalidRequestError(
                f"{path} cannot be a folder: {nearest} is a file. Choose another name.", code="not_writable"
            )
        tempfile.TemporaryFile(dir=nearest).close()
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> InvalidRequestError:
    """Return the refusal of a place that the system does not let us write to."""
    return InvalidRequestError(
        f"Cannot write to {path}: {error.strerror or error}. Choose another place.", code="not_writable"
    )
