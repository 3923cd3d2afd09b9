"""A process that dies between a provider's answer and its commit: once others go on, all is there exactly once."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

import aijobs_sdk as aijobs

SCRIPT = Path(__file__).parent / "killed_at_commit.py"


@pytest.mark.parametrize(("when", "attempts"), [("before", 2), ("after", 1)])
def test_one_document_and_one_usage_row_remain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str, attempts: int
) -> None:
    url = f"sqlite:///{tmp_path}/jobs.db"
    monkeypatch.setenv("AIJOBS_LEASE_SECONDS", "0.5")
    command = [sys.executable, str(SCRIPT), url, when]
    killed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr

    with aijobs.Client(url) as client:
        [job] = client.list()
        result = job.result(timeout=30)
        usage = client.usage()
        lineage = client.lineage(result.document_id)

    assert job.job.attempts == attempts
    assert [row.metadata["document_id"] for row in usage] == [str(result.document_id)]
    assert [event.job_id for event in lineage] == [job.id]
    assert _documents(tmp_path / "jobs.db") == [str(result.document_id)]


def _documents(path: Path) -> list[str]:
    database = sqlite3.connect(path)
    found = [str(UUID(bytes=row[0])) for row in database.execute("SELECT id FROM documents")]
    database.close()
    return found
