"""Suggestions in a database: what is asked of them, and the command that decides about one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, select, update

from aijobs_sdk.contract.blocks import Block
from aijobs_sdk.contract.errors import SuggestionNotFoundError
from aijobs_sdk.contract.suggestions import Decision, Suggestion
from aijobs_sdk.engine.suggestions import decide
from aijobs_sdk.stores.sql import schema
from aijobs_sdk.stores.sql.rows import columns_of_effect, effect_of_row
from aijobs_sdk.stores.sql.unit_of_work import UnitOfWork

_suggestions, _blocks = schema.suggestions.c, schema.blocks.c


def suggestions(connection: Connection, tenant_id: UUID, block_id: UUID) -> Sequence[Suggestion]:
    """Return every text that was proposed for a block, oldest first."""
    wanted = select(schema.suggestions).where(_suggestions.block_id == block_id, _suggestions.tenant_id == tenant_id)
    rows = connection.execute(wanted.order_by(_suggestions.ordinal)).mappings()
    return [effect_of_row(Suggestion, row) for row in rows]


class DecideSuggestion(NamedTuple):
    """Apply a suggestion, or reject it."""

    decision: Decision

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return ()

    def run(self, work: UnitOfWork) -> Suggestion:
        """Do it."""
        work.flush()  # the block may have been changed by a neighbour in this transaction
        suggestion = self._suggestion(work.connection)
        decided = decide(suggestion, _block(work.connection, suggestion.block_id), self.decision)
        its_row = update(schema.suggestions).where(_suggestions.id == suggestion.id)
        work.connection.execute(its_row.values(**columns_of_effect(decided.suggestion)))
        work.effects.add(decided.effects)
        return decided.suggestion

    def _suggestion(self, connection: Connection) -> Suggestion:
        named = (_suggestions.id == self.decision.suggestion_id) & (_suggestions.tenant_id == self.decision.tenant_id)
        row = connection.execute(select(schema.suggestions).where(named).with_for_update()).mappings().one_or_none()
        if row is None:
            raise SuggestionNotFoundError(self.decision.suggestion_id)
        return effect_of_row(Suggestion, row)


def _block(connection: Connection, block_id: UUID) -> Block:
    """Return a block, which nobody else changes until the transaction ends."""
    wanted = select(schema.blocks).where(_blocks.id == block_id).with_for_update()
    return Block(**connection.execute(wanted).mappings().one())
