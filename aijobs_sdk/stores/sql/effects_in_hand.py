"""What the jobs of one transaction leave behind: documents, lineage, usage, images, suggestions, dead letters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Table

from aijobs_sdk.contract.blocks import BlockChange
from aijobs_sdk.contract.job import Job
from aijobs_sdk.contract.records import DeadLetter, Effects
from aijobs_sdk.stores.sql import schema
from aijobs_sdk.stores.sql.block_changes import write_block_changes
from aijobs_sdk.stores.sql.rows import columns_of_dead_letter, columns_of_effect
from aijobs_sdk.stores.sql.session import Session
from aijobs_sdk.stores.sql.statements import Values, inserting, updating

_LEFT_BEHIND = (
    schema.documents,
    schema.lineage,
    schema.query_usage,
    schema.images,
    schema.dead_letters,
    schema.suggestions,
)
_COLUMNS = {table: [column.name for column in table.c if column.name != "ordinal"] for table in _LEFT_BEHIND}
_INSERT = {table: inserting(table, names) for table, names in _COLUMNS.items()}
_MARK_REPLAYED = updating(schema.dead_letters, ("replayed_as",), where=("job_id", "tenant_id"))


class EffectsInHand:
    """What a transaction is to write beside jobs."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows: dict[Table, list[Values]] = {}
        self._block_changes: list[BlockChange] = []
        self._replays: list[Values] = []

    def add(self, effects: Effects) -> None:
        """Take in what a job left behind."""
        for table, left in (
            (schema.documents, effects.documents),
            (schema.lineage, effects.lineage),
            (schema.query_usage, effects.usage),
            (schema.images, effects.images),
            (schema.suggestions, effects.suggestions),
        ):
            if left:
                self._add(table, map(columns_of_effect, left))
        self._block_changes += effects.blocks

    def add_dead_letter(self, letter: DeadLetter) -> None:
        """Take in the record of a job that failed for good."""
        self._add(schema.dead_letters, [columns_of_dead_letter(letter)])

    def note_replay(self, job: Job) -> None:
        """Take in which dead letter a new job does again, if it does one."""
        if job.replay_of is not None:
            self._replays.append([job.id, job.replay_of, job.tenant_id])

    def write(self) -> None:
        """Write what has gathered so far."""
        for table, rows in self._rows.items():
            _INSERT[table].write(self._session, rows)
        write_block_changes(self._session, self._block_changes)
        _MARK_REPLAYED.write(self._session, self._replays)
        self._rows.clear()
        self._block_changes.clear()
        self._replays.clear()

    def _add(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        names = _COLUMNS[table]
        self._rows.setdefault(table, []).extend([row[name] for name in names] for row in rows)
