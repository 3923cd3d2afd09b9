"""How one process learns that another has written to a PostgreSQL database: it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import psycopg

from aijobs_sdk.stores.sql.database import CHANNEL, Database
from aijobs_sdk.stores.sql.postgres.patience import PatientListener
from aijobs_sdk.stores.sql.postgres.poolers import is_pooled

ANYWAY_SECONDS = 5.0
"""How often PostgreSQL is looked at where nothing was told: whoever wrote may have died before it told of that."""
RECONNECT_SECONDS = 1.0
POOLED_SECONDS = 0.5
"""How often it is looked at through a pooler, where whoever listens is told nothing."""


async def listen(database: Database) -> AsyncGenerator[None]:
    """Yield whenever another process has written to a PostgreSQL database, or may have while nobody listened."""
    while True:
        try:
            connecting = PatientListener.connect(**database.connect_arguments, autocommit=True)
            async with await connecting as connection:
                while await is_pooled(connection):
                    yield
                    await asyncio.sleep(POOLED_SECONDS)
                await connection.execute(f"LISTEN {CHANNEL}")
                while True:
                    yield
                    async for notification in connection.notifies(timeout=ANYWAY_SECONDS):
                        if notification.payload != database.token:
                            yield
        except psycopg.Error:  # also of what serves no LISTEN, as a replica
            yield
            await asyncio.sleep(RECONNECT_SECONDS)
