"""Which tests run in one process, where `-n` starts several of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

DRIVING_A_MACHINE = frozenset({"browser", "notebooks", "services", "torture"})
"""Rooms whose tests start browsers and fleets of workers: two of them at once starve each other."""
STARTING_KERNELS = ("NotebookClient", "running_cells", "running_kernel", "start_new_kernel")
"""What a file names that starts kernels. Only within one process do they keep out of each other's ports."""


class FilesInOneProcess(LoadFileScheduling):
    """A file stays in one process, and in one of them all files that cannot go beside their like.

    It goes by the paths of tests. Groups that tests are marked with reach nobody: with pytest 9.2 xdist 3.8 drops them
    without a word, and every test goes anywhere.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "together" if stays_together(Path(self.config.rootpath, file)) else file


@cache
def stays_together(file: Path) -> bool:
    """Return whether a file of tests cannot go beside others like it."""
    room = file.parts[file.parts.index("tests") + 1]
    return room in DRIVING_A_MACHINE or any(name in file.read_text("utf-8") for name in STARTING_KERNELS)


def first_together(items: list[pytest.Item]) -> None:
    """Put first what stays together: it takes longest."""
    items.sort(key=lambda item: not stays_together(item.path))
