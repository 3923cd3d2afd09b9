"""What a folder holds for a reader: its files and those of all folders in it, linked ones too, and nothing hidden."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath


def files_below(folder: Path) -> list[Path]:
    """Return the files below `folder`, sorted by path; a folder that links lead to again is looked into once."""
    found: list[Path] = []
    seen: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        found += [Path(place, name) for name in names if not is_hidden(name)]
    return sorted(path for path in found if path.is_file())


def is_hidden(path: str) -> bool:
    """Return whether a file, or a folder on the way to it, has a name that begins with a dot.

    `path` leads there from the folder that was named: a caller may name a hidden one.
    """
    return any(part.startswith(".") for part in PurePosixPath(path).parts)
