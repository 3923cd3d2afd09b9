"""How one process learns that another has written: SQLite is looked at, PostgreSQL tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from aijobs_sdk.contract.errors import StoreUnavailableError
from aijobs_sdk.stores.sql.database import Database
from aijobs_sdk.stores.sql.writer import Writer

LOOK_SECONDS = 0.1
"""How often a SQLite file is looked at; within one process nobody waits for that."""


async def look_at_file(writer: Writer) -> AsyncGenerator[None]:
    """Yield whenever another process has written to a SQLite file."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            moved = await writer.in_thread(writer.others_wrote)
        except StoreUnavailableError:
            moved = True  # nobody can say
        if moved:
            yield


def watch(database: Database, writer: Writer) -> AsyncGenerator[None]:
    """Yield whenever another process has written, or may have."""
    if database.is_sqlite:
        return look_at_file(writer)
    from aijobs_sdk.stores.sql.postgres.notifications import listen  # noqa: PLC0415 - with PostgreSQL's driver

    return listen(database)
