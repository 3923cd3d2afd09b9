"""What came of the files that were read, over all calls."""

from __future__ import annotations

from aijobs_sdk.usage.facts.trust import DataQuality, Problem
from aijobs_sdk.usage.reading.outcome import SourceFile
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import UsageStore


def source_files(store: UsageStore) -> tuple[SourceFile, ...]:
    """Return what came of each file, in the order read."""
    return tuple(SourceFile.model_validate(row) for row in store.ask(statement("store/files")))


def problems(store: UsageStore) -> tuple[Problem, ...]:
    """Return why rows were set aside, the most frequent reason first."""
    return tuple(Problem.model_validate(row) for row in store.ask(statement("reading/problems")))


def data_quality(store: UsageStore) -> DataQuality:
    """Return what came of all files together."""
    with store.reading():  # one state for both
        (counts,) = store.ask(statement("reading/data_quality"))
        return DataQuality.model_validate({**counts, "problems": problems(store)})
