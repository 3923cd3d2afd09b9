"""One batch of files taken into the store, in one transaction: each row is kept, counted as a duplicate, or set aside.

Read as text → judged, row by row → repeats found over all that is stored → raw text of what is set aside → counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.reading.arrivals import Layout, Rules, layout_of, read_alike
from aijobs_sdk.usage.reading.exports import Export
from aijobs_sdk.usage.reading.folder_columns import folder_columns
from aijobs_sdk.usage.reading.local_copy import LocalCopy, Source, local_copy
from aijobs_sdk.usage.reading.outcome import SourceFile
from aijobs_sdk.usage.reading.raw_text import note_raw_text
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import Database, UsageStore, stored_instant


@dataclass(frozen=True)
class BatchOutcome:
    """What came of some files."""

    files: tuple[SourceFile, ...]
    late: int
    skipped: tuple[str, ...]


def read_batch(store: UsageStore, exports: Sequence[Export], rules: Rules) -> BatchOutcome:
    """Take `exports` into the store, all or none; those that were read before are skipped.

    Raises:
        InvalidRequestError: a file cannot be read, has no header, or is not what its ending says.
    """
    with _told(), TemporaryDirectory(prefix="aijobs-usage-") as scratch:
        folder = Path(scratch)
        copies = [local_copy(export, folder) for export in exports]
        with store.writing() as database:
            known = _known(database, copies, rules)
            fresh = [copy for copy in copies if (copy.sha256, copy.export.place) not in known.places]
            skipped = tuple(copy.export.path for copy in copies if (copy.sha256, copy.export.place) in known.places)
            if not fresh:
                return BatchOutcome((), 0, skipped)
            database.execute(statement("reading/scratch"))
            sources = _register(database, fresh, known, folder)
            _read(database, sources, rules)
            _settle(database, sources)
            return _outcome(database, skipped)


@contextmanager
def _told() -> Iterator[None]:
    """Let errors of files leave as one of ours: between two looks at a file it may go, or the disk fill up."""
    try:
        yield
    except OSError as error:
        raise InvalidRequestError(
            f"The files cannot be read to the end: {error}. Nothing of them was kept. Is one gone, or no room left for "
            "temporary files? TMPDIR names another place for those."
        ) from error


@dataclass(frozen=True)
class _Known:
    """The files of a batch whose bytes were read before, as what they are now and by the rules that hold now."""

    places: set[tuple[str, str]]
    """Digest and place of each."""
    original: dict[tuple[str, str], int]
    """Digest and format → the file that has the rows."""
    next_file_id: int


def _known(database: Database, copies: Sequence[LocalCopy], rules: Rules) -> _Known:
    asked = {"hashes": [copy.sha256 for copy in copies], "strict_months": rules.strict_months}
    found = database.execute(statement("reading/known_files"), asked).fetchall()
    ((next_file_id,),) = database.execute("SELECT coalesce(max(file_id), 0) + 1 FROM source_file").fetchall()
    return _Known(
        places={(sha256, place) for sha256, _, place, _ in found},
        original={(sha256, kind): original for sha256, kind, _, original in found},
        next_file_id=next_file_id,
    )


def _register(database: Database, copies: Sequence[LocalCopy], known: _Known, folder: Path) -> list[Source]:
    """Note all files; return those to read, which are not, byte for byte and by ending, a copy of an earlier one.

    The same bytes say something else in a folder that has a column in its name.
    """
    original = dict(known.original)
    sources: list[Source] = []
    same_as: list[int | None] = []
    for file_id, copy in enumerate(copies, start=known.next_file_id):
        known_as = (copy.sha256, copy.export.format)
        same_as.append(None if folder_columns(copy.export.path) else original.get(known_as))
        if same_as[-1] is None:
            original[known_as] = file_id
            sources.append(copy.source(file_id, folder))
    parameters = {
        "file_ids": list(range(known.next_file_id, known.next_file_id + len(copies))),
        "paths": [copy.export.path for copy in copies],
        "places": [copy.export.place for copy in copies],
        "formats": [copy.export.format for copy in copies],
        "sizes": [copy.export.size_bytes for copy in copies],
        "hashes": [copy.sha256 for copy in copies],
        "same_as": same_as,
    }
    database.execute(statement("reading/register_files"), parameters)
    return sources


def _read(database: Database, sources: Sequence[Source], rules: Rules) -> None:
    by_layout: dict[Layout, list[Source]] = defaultdict(list)
    for source in sources:
        by_layout[layout_of(database, source)].append(source)
    for layout, alike in by_layout.items():
        read_alike(database, layout, alike, rules)


def _settle(database: Database, sources: Sequence[Source]) -> None:
    """Bill what is new, and set aside what cannot be."""
    for step in ("find_repeats", "compare_repeats", "keep_rows", "choose_aside"):
        database.execute(statement(f"reading/{step}"))
    note_raw_text(database, sources)
    database.execute(statement("reading/set_aside"))
    now = stored_instant(datetime.now(UTC))
    database.execute(statement("reading/note_files"), {"now": now})
    database.execute(statement("reading/note_copies"), {"now": now})
    database.execute(statement("reading/set_aside_copies"))
    database.execute(statement("reading/settle_read_again"), {"now": now})
    for path, rows_read, kept, duplicates, quarantined in database.execute(statement("reading/lost_rows")).fetchall():
        raise AssertionError(
            f"{path}: {rows_read} rows read, but {kept} kept, {duplicates} duplicates and {quarantined} quarantined. "
            "Nothing was kept of these files. This is a bug in aijobs-sdk; please report it."
        )


def _outcome(database: Database, skipped: tuple[str, ...]) -> BatchOutcome:
    rows = database.execute(statement("reading/files_read")).fetchall()
    columns = [*SourceFile.model_fields]
    return BatchOutcome(
        files=tuple(SourceFile.model_validate(dict(zip(columns, row[:-1], strict=True))) for row in rows),
        late=sum(row[-1] for row in rows),
        skipped=skipped,
    )
