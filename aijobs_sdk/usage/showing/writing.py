"""Files of a report: each appears complete, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from aijobs_sdk.contract.errors import InvalidRequestError


def write_files(writers: Mapping[Path, Callable[[Path], None]]) -> list[Path]:
    """Write each file by its writer, under another name beside it, and rename them all when the last is written.

    Missing folders are made. A file of that name is replaced; after an error none is, and nothing is left behind.

    Raises:
        InvalidRequestError: a file cannot be written.
    """
    hidden = {path: path.with_name(f".{path.name}.partial") for path in writers}
    try:
        for path, writer in writers.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            writer(hidden[path])
        return [hidden[path].replace(path) for path in writers]
    except OSError as error:
        raise InvalidRequestError(
            f"The report cannot be written to {path} ({error.strerror}). Choose another place for it."
        ) from error
    finally:
        for partial in hidden.values():
            if partial.is_file():
                partial.unlink()
