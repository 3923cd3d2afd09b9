"""Exports read into the store, a batch at a time. What breaks off can be begun again: it goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from aijobs_sdk.usage.reading.arrivals import Rules
from aijobs_sdk.usage.reading.batch import BatchOutcome, read_batch
from aijobs_sdk.usage.reading.outcome import IngestProgress, IngestReport
from aijobs_sdk.usage.reading.sources import Sources, batches, find_sources
from aijobs_sdk.usage.store import UsageStore


def ingest(
    store: UsageStore,
    sources: Sources,
    *,
    strict_months: bool = False,
    on_progress: Callable[[IngestProgress], None] | None = None,
) -> IngestReport:
    """Read `sources` into the store, in the order given, and return what came of them.

    Each batch of files is one transaction. A file that was read before and has not changed is skipped, unless rows of
    it were set aside by rules that do not hold now. Of several rows with one id the first stays; later ones are
    duplicates or, where they say something else, are set aside.

    Raises:
        InvalidRequestError: a path means no export, or a file is empty or is not what its ending says: batches before
            that file's were read. Or another process keeps the store to itself.
    """
    rules = Rules(timezone=store.timezone, strict_months=strict_months)
    outcomes: list[BatchOutcome] = []
    files_done = bytes_done = rows = 0
    with TemporaryDirectory(prefix="aijobs-usage-") as spool:
        found = find_sources(sources, Path(spool))
        for batch in batches(found.exports):
            outcomes.append(read_batch(store, batch, rules))
            files_done += len(batch)
            bytes_done += sum(export.size_bytes for export in batch)
            rows += sum(file.rows_read for file in outcomes[-1].files)
            if on_progress is not None:
                on_progress(
                    IngestProgress(
                        files_done=files_done,
                        files_total=found.files,
                        rows=rows,
                        bytes_done=bytes_done,
                        bytes_total=found.size_bytes,
                    )
                )
    return _report(outcomes)


def _report(outcomes: Sequence[BatchOutcome]) -> IngestReport:
    files = tuple(file for outcome in outcomes for file in outcome.files)
    return IngestReport(
        files=files,
        skipped=tuple(path for outcome in outcomes for path in outcome.skipped),
        rows_read=sum(file.rows_read for file in files),
        kept=sum(file.kept for file in files),
        duplicates=sum(file.duplicates for file in files),
        quarantined=sum(file.quarantined for file in files),
        late=sum(outcome.late for outcome in outcomes),
        month_mismatches=sum(file.month_mismatches for file in files),
    )
