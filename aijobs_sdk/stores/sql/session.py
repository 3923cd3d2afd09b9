"""A transaction under way on the writing connection: what is written gathers, and goes to the database together.

SQLAlchemy says what the statements are; it does not stand between them and the driver. That spares its own share of the
time, and in PostgreSQL all of a transaction's writes and its commit take one trip to the server.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Connection, Dialect

Row = tuple[Any, ...]


class Session(Protocol):
    """What a transaction, or whoever only reads, can do with a connection."""

    @property
    def dialect(self) -> Dialect:
        """How statements are worded."""
        ...

    @property
    def has_wall(self) -> bool:
        """Whether `hold_to` changes anything."""
        ...

    @property
    def connection(self) -> Connection:
        """SQLAlchemy's way to the same connection, for what is asked seldom; what was written before is there."""
        ...

    def write(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Execute a statement that returns nothing, now or with the others."""
        ...

    def read(self, sql: str, values: Sequence[Any]) -> Sequence[Row]:
        """Return the rows of a query; it sees all that was written before."""
        ...

    def send(self) -> None:
        """Execute what has gathered."""
        ...

    def hold_to(self, tenant_id: UUID | None) -> None:
        """Reach the rows of one tenant alone until this transaction ends or says otherwise; None: of every tenant."""
        ...
