"""API keys."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, PrimaryKeyConstraint, Text

from aijobs_sdk.stores.sql.column_types import Identifier, Instant

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make their table."""
    op.create_table(
        "api_keys",
        Column("id", Text(), nullable=False),
        Column("tenant_id", Identifier(), nullable=False),
        Column("user_id", Identifier(), nullable=False),
        Column("name", Text(), nullable=False),
        Column("scopes", Text(), nullable=False),
        Column("digest", Text(), nullable=False),
        Column("created_at", Instant(), nullable=False),
        Column("expires_at", Instant(), nullable=True),
        Column("revoked_at", Instant(), nullable=True),
        PrimaryKeyConstraint("id", name="api_keys_pkey"),
    )
    op.create_index("api_keys_tenant_id", "api_keys", ["tenant_id"], unique=False)
