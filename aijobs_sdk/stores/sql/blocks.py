"""Documents with blocks in a database: what is asked of them, and the command that begins one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, insert, select

from aijobs_sdk.contract.blocks import Block, Revision
from aijobs_sdk.contract.records import Document, NewDocument
from aijobs_sdk.stores.sql import queries, schema
from aijobs_sdk.stores.sql.rows import columns_of_effect, effect_of_row
from aijobs_sdk.stores.sql.unit_of_work import UnitOfWork

_blocks, _revisions = schema.blocks.c, schema.block_revisions.c


def block(connection: Connection, tenant_id: UUID, block_id: UUID) -> Block | None:
    """Return a block of a tenant."""
    wanted = select(schema.blocks).where(_blocks.id == block_id, _blocks.tenant_id == tenant_id)
    row = connection.execute(wanted).mappings().one_or_none()
    return None if row is None else effect_of_row(Block, row)


def blocks(connection: Connection, tenant_id: UUID, document_id: UUID) -> Sequence[Block]:
    """Return the blocks of a document, in their order."""
    wanted = select(schema.blocks).where(_blocks.document_id == document_id, _blocks.tenant_id == tenant_id)
    return [effect_of_row(Block, row) for row in connection.execute(wanted.order_by(_blocks.position)).mappings()]


def revisions(connection: Connection, tenant_id: UUID, block_id: UUID) -> Sequence[Revision]:
    """Return every text that a block has had, oldest first."""
    wanted = select(schema.block_revisions).where(_revisions.block_id == block_id, _revisions.tenant_id == tenant_id)
    return [effect_of_row(Revision, row) for row in connection.execute(wanted.order_by(_revisions.number)).mappings()]


class AddDocument(NamedTuple):
    """Keep a document with its blocks, or return the one that is there."""

    new: NewDocument

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return ()

    def run(self, work: UnitOfWork) -> Document:
        """Do it."""
        document = self.new.document
        work.one_after_the_other(f"aijobs document {document.id}")
        kept = queries.document(work.connection, document.tenant_id, document.id)
        if kept is not None:
            return kept
        for table, rows in (
            (schema.documents, [document]),
            (schema.blocks, self.new.blocks),
            (schema.block_revisions, self.new.revisions),
        ):
            if rows:
                work.connection.execute(insert(table), [columns_of_effect(row) for row in rows])
        return document
