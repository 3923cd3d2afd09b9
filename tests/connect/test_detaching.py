"""A process of its own for a batch: what it needs of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

import aijobs_sdk as aijobs


def test_where_its_log_cannot_be_kept_it_is_said_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "no-folder").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "no-folder"))
    with aijobs.Client(f"sqlite:///{tmp_path}/jobs.db") as client:
        with pytest.raises(aijobs.ConfigurationError, match="Set XDG_STATE_HOME to a folder that can be written"):
            client.batch(["a"], prompt="{text}", model="gpt-5.2", name="spring").run()
        rows = client.batch(["a"], prompt="{text}", model="gpt-5.2", name="spring", detach=False).run()
    assert [row.status for row in rows] == ["completed"]
