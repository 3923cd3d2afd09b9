"""The eighty questions of MT-bench through a batch, where somebody has the file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import aijobs_sdk as aijobs

FOLDER = os.environ.get("AIJOBS_TEST_DATA", "")
FILE = Path(FOLDER) / "mt_bench_questions.jsonl"

pytestmark = pytest.mark.skipif(
    not (FOLDER and FILE.is_file()), reason="AIJOBS_TEST_DATA names no folder with mt_bench_questions.jsonl"
)


def test_both_turns_of_every_question_are_answered(sim: aijobs.Mock, tmp_path: Path) -> None:
    with aijobs.Client() as client:
        batch = client.batch(FILE, prompt="{category}: {turns[0]} {turns[1]}", model="claude-sonnet-4.5")
        rows = batch.run()
        batch.write(tmp_path / "answers.parquet")
    assert [row.status for row in rows] == ["completed"] * 80
    assert all(row.content for row in rows)
