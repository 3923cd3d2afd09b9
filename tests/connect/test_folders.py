"""Where files are kept that nobody named a place for."""

from __future__ import annotations

from pathlib import Path

import pytest

import aijobs_sdk as aijobs


def test_a_working_folder_that_is_gone_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(aijobs.ConfigurationError, match="folder that this process works in is gone"):
        aijobs.Client()
