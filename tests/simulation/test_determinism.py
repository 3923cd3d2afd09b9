"""What comes of a job hangs on the seed and the job, not on what else runs, when, where or in which order.

AIJOBS_TORTURE=1 takes a thousand jobs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

JOBS = 1000 if "AIJOBS_TORTURE" in os.environ else 150
SCRIPT = Path(__file__).with_name("one_world.py")


def start(concurrency: int, order: int, hash_seed: int) -> subprocess.Popen[str]:
    command = [sys.executable, str(SCRIPT), *map(str, (JOBS, concurrency, order))]
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def test_one_hash_comes_of_any_concurrency_any_order_and_any_process() -> None:
    worlds = [start(1, 0, 1), start(50, 1, 2), start(1000, 2, 3), start(50, 1, 4)]
    hashes = [world.communicate(timeout=110)[0] for world in worlds]
    assert [world.returncode for world in worlds] == [0] * len(worlds)
    assert len(set(hashes)) == 1
    assert len(hashes[0]) == 64
