"""Peers measured: each in an interpreter of its own, and none believed that counts otherwise than the others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.table import Measure, Row
from benchmarks.usage import dlt_peer, peers
from benchmarks.usage.exports import Exports
from benchmarks.usage.ours import Bill, Cost

PEERS_PYTHON = os.environ.get("AIJOBS_PEERS_PYTHON", sys.executable)
"""An interpreter that has polars, pandas with pyarrow, duckdb and dlt."""


class OneShot(NamedTuple):
    """What one engine takes for a bill, and what it says."""

    cost: Cost
    bill: Bill


class Merged(NamedTuple):
    """What dlt takes, in seconds."""

    load: float
    later: float
    """For one more file."""
    again: float
    """For a file that it has."""


def not_installed() -> Iterator[Row]:
    """Yield a row for each peer that cannot be measured here."""
    for package in (*peers.PEERS, "dlt"):
        if subprocess.run([PEERS_PYTHON, "-c", f"import {package}"], capture_output=True, check=False).returncode:
            yield Row(Measure(package), None, f"not installed (pip install {package})", None)


def one_shots(exports: Exports, *, month: str | None, rounds: int) -> Mapping[str, OneShot]:
    """Return by name what those that are installed take, at best, to reckon the bill of a month or of the year."""
    exports.warm_up()
    found = {name: _best(name, exports, month, rounds) for name in peers.PEERS}
    return {name: shot for name, shot in found.items() if shot is not None}


def merged_by_dlt(exports: Exports, later: list[Path]) -> Merged | None:
    """Return what dlt takes to load all files, and more of them one by one; None where it is not installed."""
    told = _told(dlt_peer.__file__, str(exports.folder), *map(str, later))
    if told is None:
        return None
    return Merged(told["load"], min(told["later"]), told["again"])


def _best(name: str, exports: Exports, month: str | None, rounds: int) -> OneShot | None:
    arguments = [name, exports.format, str(exports.folder), *([month] if month else [])]
    told = [_told(peers.__file__, *arguments) for _ in range(rounds)]
    shots = [OneShot(Cost(one["seconds"], one["megabytes"]), one["bill"]) for one in told if one is not None]
    return min(shots, key=lambda shot: shot.cost.seconds, default=None)


def _told(script: str, *arguments: str) -> Mapping[str, Any] | None:
    ended = subprocess.run([PEERS_PYTHON, script, *arguments], capture_output=True, text=True, check=False)
    if ended.returncode and "ModuleNotFoundError" in ended.stderr:
        return None
    assert not ended.returncode, ended.stderr
    told: Mapping[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return told
