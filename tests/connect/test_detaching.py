"""A batch gets a process of its own, wherever whoever asked for it goes meanwhile, or is told why not."""

from __future__ import annotations

from pathlib import Path

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.client.batch import Batch

# Whoever started a runner drops it while it ends: it is to outlive them.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Batch:
    """One in a database that is named by where the process is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    client = aijobs.Client("sqlite:///jobs.db")
    return client.batch(["tides"], prompt="Explain {text}.", model="gpt-5.2", name="harbours")


def test_its_process_finds_the_database_of_a_client_whose_folder_is_left(
    batch: Batch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert [row.status for row in batch.run()] == ["completed"]
    assert list(elsewhere.iterdir()) == []


def test_where_its_log_cannot_be_kept_it_is_said_what_to_do(
    batch: Batch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "no-folder").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "no-folder"))
    with pytest.raises(aijobs.ConfigurationError, match=r"Set XDG_STATE_HOME to a folder .* or .* `detach=False`"):
        batch.run()
