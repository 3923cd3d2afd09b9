"""Texts that jobs propose for blocks, and what became of them."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, Text, UniqueConstraint

from aijobs_sdk.stores.sql.column_types import Identifier, Instant

revision = "0006"
down_revision = "0005"

_SETTING = "(SELECT nullif(current_setting('aijobs.tenant_id', true), '')::uuid)"
_OF_TENANT = f"coalesce(tenant_id = {_SETTING}, true)"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "suggestions",
        Column("ordinal", BigInteger().with_variant(Integer(), "sqlite"), nullable=False),
        Column("id", Identifier(), nullable=False),
        Column("tenant_id", Identifier(), nullable=False),
        Column("document_id", Identifier(), nullable=False),
        Column("block_id", Identifier(), nullable=False),
        Column("job_id", Identifier(), nullable=False),
        Column("user_id", Identifier(), nullable=False),
        Column("model", Text(), nullable=False),
        Column("provider", Text(), nullable=False),
        Column("prompt_length", Integer(), nullable=False),
        Column("content", Text(), nullable=False),
        Column("based_on", Integer(), nullable=False),
        Column("status", Text(), nullable=False),
        Column("revision_id", Identifier(), nullable=True),
        Column("decided_by", Identifier(), nullable=True),
        Column("created_at", Instant(), nullable=False),
        Column("decided_at", Instant(), nullable=True),
        PrimaryKeyConstraint("ordinal", name="suggestions_pkey"),
        UniqueConstraint("id", name="suggestions_id_key"),
    )
    op.create_index("suggestions_of_block", "suggestions", ["block_id", "ordinal"], unique=False)
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER TABLE suggestions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_tenant ON suggestions USING ({_OF_TENANT})")
