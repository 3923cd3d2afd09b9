"""How the new texts of blocks are written: two statements for each, none of which waits for an answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BindParameter, Column, Insert, Update, bindparam, insert, select, update

from aijobs_sdk.contract.blocks import BlockChange
from aijobs_sdk.stores.sql import schema
from aijobs_sdk.stores.sql.rows import columns_of_effect
from aijobs_sdk.stores.sql.session import Session
from aijobs_sdk.stores.sql.statements import Statement

_blocks, _revisions = schema.blocks.c, schema.block_revisions.c


def _value(name: str, column: Column[Any]) -> BindParameter[Any]:
    return bindparam(name, type_=column.type)


def _its_block() -> Any:  # noqa: ANN401 - SQLAlchemy's own
    owner = _value("tenant_id", _blocks.tenant_id)
    return (_blocks.id == _value("block_id", _blocks.id)) & (_blocks.tenant_id == owner)


def _change() -> Update:
    content, at = _value("content", _blocks.content), _value("at", _blocks.updated_at)
    changed = update(schema.blocks).where(_its_block())
    return changed.values(content=content, revision=_blocks.revision + 1, updated_at=at)


def _leave_revision() -> Insert:
    """Return what adds the text as the block's newest, under the number that the block has just been given."""
    named = {
        "id": _value("revision_id", _revisions.id),
        "tenant_id": _blocks.tenant_id,
        "block_id": _blocks.id,
        "number": _blocks.revision,
        "content": _value("content", _revisions.content),
        "kind": _value("kind", _revisions.kind),
        "job_id": _value("job_id", _revisions.job_id),
        "created_at": _value("at", _revisions.created_at),
    }
    return insert(schema.block_revisions).from_select([*named], select(*named.values()).where(_its_block()))


_CHANGE, _LEAVE_REVISION = Statement(_change), Statement(_leave_revision)


def write_block_changes(session: Session, changes: Iterable[BlockChange]) -> None:
    """Give blocks their new texts; one that is gone stays so.

    In one order, so that no two processes wait for each other in a ring.
    """
    for change in sorted(changes, key=lambda one: one.block_id):
        values = columns_of_effect(change)
        _CHANGE.write(session, **values)
        _LEAVE_REVISION.write(session, **values)
