"""Exports brought to this machine: their bytes hashed, and unpacked where they are packed."""

from __future__ import annotations

import glob
import gzip
import hashlib
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.reading.exports import Export, SourceFormat


@dataclass(frozen=True)
class Source:
    """One file to read, on this machine."""

    file_id: int
    """In the order read: of two rows with one id the one in the earlier file stays."""
    path: str
    """As it is shown."""
    file: Path
    """What to read, unpacked."""
    format: SourceFormat


@dataclass(frozen=True)
class LocalCopy:
    """An export whose bytes are at hand."""

    export: Export
    file: Path
    sha256: str

    def source(self, file_id: int, folder: Path) -> Source:
        """Return the file to read; one that is packed is unpacked into `folder`.

        Raises:
            InvalidRequestError: it is no gzip file, or a cut one; or no pattern of DuckDB's can say its name.
        """
        file = _unpacked(self, folder / f"{file_id}.unpacked") if self.export.is_packed else self.file
        if "\\" in file.as_posix() and glob.has_magic(str(file)):
            raise InvalidRequestError(
                f"{self.export.path} has both a backslash and one of *, ? and [ in its name, and cannot be read so. "
                "Rename it."
            )
        return Source(file_id, self.export.path, file, self.export.format)


def local_copy(export: Export, folder: Path) -> LocalCopy:
    """Bring `export` here, into `folder` where it comes from elsewhere.

    Raises:
        InvalidRequestError: it cannot be read.
    """
    try:
        file = export.bring(folder)
        with file.open("rb") as content:
            return LocalCopy(export, file, hashlib.file_digest(content, "sha256").hexdigest())
    except OSError as error:
        raise InvalidRequestError(f"{export.path} cannot be read ({error.strerror}). Check who may read it.") from error


def _unpacked(copy: LocalCopy, target: Path) -> Path:
    try:
        with gzip.open(copy.file) as packed, target.open("wb") as plain:
            shutil.copyfileobj(packed, plain, length=1 << 20)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InvalidRequestError(
            f"{copy.export.path} is not a gzip file, or a cut one: {error}. Export it again."
        ) from error
    return target
