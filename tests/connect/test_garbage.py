"""Whose garbage collector is set: that of processes of ours, and of nobody else."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

PYTHONS_OWN, *_ = gc.get_threshold()
SHOWN = "import atexit, gc; atexit.register(lambda: print(gc.get_threshold()[0])); "


@pytest.mark.parametrize(
    ("code", "is_ours"),
    [
        pytest.param("from aijobs_sdk.cli.main import main; main()", True, id="a command"),
        pytest.param("from aijobs_sdk.connect.batch_runner import main; main()", True, id="a batch's runner"),
        pytest.param("import aijobs_sdk; aijobs_sdk.Client().submit('Hi').wait()", False, id="a notebook"),
    ],
)
def test_only_processes_of_ours_look_for_garbage_less_often(code: str, is_ours: bool) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SHOWN + code, "--version"], input="", capture_output=True, text=True, check=False
    )
    assert (int(ended.stdout.split()[-1]) > PYTHONS_OWN) is is_ours
