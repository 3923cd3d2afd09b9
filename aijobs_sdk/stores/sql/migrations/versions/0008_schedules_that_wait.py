"""A schedule whose job is not admitted keeps the time that it was due while it is tried again later."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column

from aijobs_sdk.stores.sql.column_types import Instant

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column: those there are wait for nothing."""
    op.add_column("schedules", Column("waiting_since", Instant(), nullable=True))
