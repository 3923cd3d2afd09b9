"""Poolers such as PgBouncer: behind one, each transaction may be on another of its connections to the server.

A statement that was prepared is then missing, or another client's of the same name, and what was to be listened for is
heard by whoever comes next. A pooler gives itself away: it tells each client a process id that is not the server's.
"""

from __future__ import annotations

from typing import Any, cast

import psycopg

_GREETING = "SELECT pg_backend_pid(), set_config('TimeZone', 'UTC', false)"
_BACKEND = "SELECT pg_backend_pid()"


def greet(raw: object, _: object) -> None:
    """Have a new connection speak UTC, and prepare nothing through a pooler; SQLAlchemy's event `connect` calls it."""
    connection = cast("psycopg.Connection[Any]", raw)
    [(backend, _zone)] = connection.execute(_GREETING).fetchall()
    connection.commit()
    if backend != connection.info.backend_pid:
        connection.prepare_threshold = None


async def is_pooled(connection: psycopg.AsyncConnection[Any]) -> bool:
    """Return whether there is a pooler between this connection and the server."""
    asked = await connection.execute(_BACKEND)
    [(backend,)] = await asked.fetchall()
    return bool(backend != connection.info.backend_pid)
