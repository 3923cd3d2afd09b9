"""The checks that a reader should not have to make."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.timeout(600)  # mypy with nothing in its cache, beside whatever else runs
@pytest.mark.parametrize(
    "tool",
    [
        ["mypy"],
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
    ],
    ids=" ".join,
)
def test_the_tools_find_nothing(tool: list[str]) -> None:
    checked = subprocess.run([sys.executable, "-m", *tool], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
