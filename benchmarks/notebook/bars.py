"""Runs in a notebook's kernel: the peers' bars behind the same three calls, each loaded when it is made."""

from __future__ import annotations

import importlib
import time
from typing import Any

from benchmarks.notebook.counting import Bar, Counting

MOST_TASKS, TASK_SECONDS = 1_000, 0.05


class Nothing:
    """Shows nothing: what counting alone costs."""

    def show(self) -> None:
        pass

    def update(self) -> None:
        pass

    def close(self) -> None:
        pass


class Tqdm:
    """As its page shows it, in its notebook form."""

    def __init__(self, total: int) -> None:
        self._make = importlib.import_module("tqdm.notebook").tqdm
        self._total = total

    def show(self) -> None:
        self._bar = self._make(total=self._total)

    def update(self) -> None:
        self._bar.update()

    def close(self) -> None:
        self._bar.close()


class Rich:
    """`Progress` with the count of what is done among its columns."""

    def __init__(self, total: int) -> None:
        self._total = total

    def show(self) -> None:
        rich = importlib.import_module("rich.progress")
        self._progress = rich.Progress(*rich.Progress.get_default_columns(), rich.MofNCompleteColumn())
        self._task = self._progress.add_task("counting", total=self._total)
        self._progress.start()

    def update(self) -> None:
        self._progress.advance(self._task)

    def close(self) -> None:
        self._progress.stop()


class Transformers:
    """The bar of its trainer, which puts HTML in the place of HTML."""

    def __init__(self, total: int) -> None:
        self._make = importlib.import_module("transformers.utils.notebook").NotebookProgressBar
        self._total = total
        self._done = 0

    def show(self) -> None:
        self._bar = self._make(self._total)
        self._bar.update(0)

    def update(self) -> None:
        self._done += 1
        self._bar.update(min(self._done, self._total - 1))  # at its total it closes

    def close(self) -> None:
        self._bar.update(self._done, force_update=True)


class Dask:
    """`progress()` of a cluster in this process; it counts its own tasks, not ours, some forty a second."""

    _cluster: Any = None

    def __init__(self, total: int) -> None:
        self._tasks = min(total, MOST_TASKS)

    def show(self) -> None:
        distributed = importlib.import_module("distributed")
        if Dask._cluster is None:
            Dask._cluster = distributed.Client(processes=False, dashboard_address=None)
        self._futures = Dask._cluster.map(time.sleep, [TASK_SECONDS] * self._tasks, pure=False)
        display = importlib.import_module("IPython.display").display
        display(distributed.progress(self._futures, notebook=True))

    def update(self) -> None:
        pass

    def close(self) -> None:
        importlib.import_module("distributed").wait(self._futures)


__all__ = ["Bar", "Counting", "Dask", "Nothing", "Rich", "Tqdm", "Transformers"]
