"""What jobs left behind, put away: documents, their history, usage, pictures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from aijobs_sdk.stores.attic import Attic
from aijobs_sdk.stores.packed_records import Kind, PackedRecord
from aijobs_sdk.stores.packing import Plain, from_bytes, to_bytes

_FIND = "SELECT contents FROM records WHERE kind = ? AND owner = ? ORDER BY number"
_FIND_USAGE = """
SELECT kind, owner, at, id, contents FROM records WHERE kind = 'usage' AND owner = ? AND (at, id) > (?, ?) AND at < ?
ORDER BY at, id LIMIT ?
"""
_INSERT = "INSERT INTO records (kind, owner, at, id, contents) VALUES (?, ?, ?, ?, ?)"
_NO_LIMIT = -1


class RecordsInAttic:
    """Packed records, by whose they are."""

    def __init__(self, attic: Attic) -> None:
        self._attic = attic

    def put(self, records: Iterable[PackedRecord]) -> None:
        """Put what completed jobs left behind away.

        Raises:
            StoreUnavailableError: there is no room; all is as before.
        """
        with self._attic.one_step() as database:
            database.executemany(_INSERT, map(_columns, records))

    def of(self, kind: Kind, owner: UUID) -> list[Plain]:
        """Return the contents of all of one kind that somebody has, oldest first."""
        if not self._attic.is_open:
            return []
        return [from_bytes(contents) for (contents,) in self._attic.database.execute(_FIND, (kind, owner.bytes))]

    def usage(
        self, tenant_id: UUID, *, after: tuple[int, bytes], until: int, limit: int | None
    ) -> Sequence[PackedRecord]:
        """Return a tenant's usage behind a place and before an instant, oldest first."""
        if not self._attic.is_open:
            return ()
        asked = (tenant_id.bytes, *after, until, _NO_LIMIT if limit is None else limit)
        found = self._attic.database.execute(_FIND_USAGE, asked)
        return [(kind, owner, at, row_id, *from_bytes(contents)) for kind, owner, at, row_id, contents in found]


def _columns(record: PackedRecord) -> tuple[Kind, bytes, int | None, bytes | None, bytes]:
    kind, owner, at, row_id, *contents = record
    return kind, owner, at, row_id, to_bytes(tuple(contents))
