"""How one process learns that another has written: SQLite is looked at, PostgreSQL tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import psycopg

from aijobs_sdk.contract.errors import StoreUnavailableError
from aijobs_sdk.stores.sql.database import CHANNEL, Database
from aijobs_sdk.stores.sql.writer import Writer

LOOK_SECONDS = 0.1
"""How often a SQLite file is looked at; within one process nobody waits for that."""
ANYWAY_SECONDS = 5.0
"""How often PostgreSQL is looked at where nothing was told: whoever wrote may have died before it told of that."""
RECONNECT_SECONDS = 1.0


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


async def listen(database: Database) -> AsyncGenerator[None]:
    """Yield whenever another process has written to a PostgreSQL database, or may have while nobody listened."""
    address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                while True:
                    yield
                    async for notification in connection.notifies(timeout=ANYWAY_SECONDS):
                        if notification.payload != database.token:
                            yield
        except psycopg.OperationalError:
            yield
            await asyncio.sleep(RECONNECT_SECONDS)
