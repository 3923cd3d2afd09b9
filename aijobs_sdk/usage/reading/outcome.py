"""What came of reading: of one file, of one call, and of it so far."""

from __future__ import annotations

from aijobs_sdk.contract.model import Fact


class SourceFile(Fact):
    """What came of one file: rows_read = kept + duplicates + quarantined."""

    path: str
    """As it was named; rows that came from no file are `rows` and a digest."""
    format: str
    size_bytes: int
    sha256: str
    rows_read: int
    kept: int
    duplicates: int
    """Rows seen before; of a file whose bytes were read before, all but those that are set aside."""
    quarantined: int
    month_mismatches: int
    """Kept rows whose month_year is not the month of their created_at."""


class IngestReport(Fact):
    """What came of one call of `ingest`: rows_read = kept + duplicates + quarantined."""

    files: tuple[SourceFile, ...]
    """Those that were read, in order."""
    skipped: tuple[str, ...]
    """Paths of files that an earlier call had read, and which have not changed since."""
    rows_read: int
    kept: int
    duplicates: int
    quarantined: int
    late: int
    """Kept rows that are billed in a later month, as their own was closed."""
    month_mismatches: int


class IngestProgress(Fact):
    """How far an ingest is. Totals are unknown, None, where rows come from no file."""

    files_done: int
    """Read or skipped."""
    files_total: int | None
    rows: int
    """Read so far."""
    bytes_done: int
    bytes_total: int | None
