"""What is measured in interpreters of their own, where nothing else is loaded or left behind."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar, TypeVarTuple, Unpack

from benchmarks.effort import Effort

T = TypeVar("T")
Given = TypeVarTuple("Given")


def in_fresh_process(measure: Callable[[Unpack[Given]], T], *given: *Given) -> T:
    """Return what a function of ours returns that is called in an interpreter of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(measure, *given).result()


def time_each(statements: Mapping[str, str], effort: Effort) -> Mapping[str, list[float]]:
    """Return by name the milliseconds of each run, from the start of its interpreter to the end.

    They run in turn, so that whatever else the machine does falls on all of them alike.
    """
    times: dict[str, list[float]] = {name: [] for name in statements}
    for _ in range(effort.processes):
        for name, statement in statements.items():
            if sum(times[name]) < effort.processes_seconds * 1000:
                times[name].append(_milliseconds(statement))
    return times


def output_of(statement: str) -> str:
    """Return what a statement prints."""
    return subprocess.run([sys.executable, "-c", statement], check=True, capture_output=True, text=True).stdout


def _milliseconds(statement: str) -> float:
    start = time.perf_counter()
    output_of(statement)
    return (time.perf_counter() - start) * 1000
