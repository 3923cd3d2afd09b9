"""Documents that people begin, with blocks and their revisions; jobs are found by the document they work on."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, PrimaryKeyConstraint, Text, UniqueConstraint, text

from aijobs_sdk.stores.sql.column_types import Identifier, Instant

revision = "0004"
down_revision = "0003"

_ON_A_DOCUMENT = text("document_id IS NOT NULL")
_SETTING = "nullif(current_setting('aijobs.tenant_id', true), '')"
_OF_TENANT = f"tenant_id = coalesce({_SETTING}::uuid, tenant_id)"


def upgrade() -> None:
    """Make the tables, and let a document be begun by nobody's job."""
    with op.batch_alter_table("documents") as documents:  # SQLite can only copy a table to change a column
        documents.alter_column("job_id", existing_type=Identifier(), nullable=True)
        documents.add_column(Column("configuration", Text(), nullable=True))
    op.add_column("jobs", Column("document_id", Identifier(), nullable=True))
    op.create_index(
        "jobs_of_document",
        "jobs",
        ["document_id", "ordinal"],
        unique=False,
        sqlite_where=_ON_A_DOCUMENT,
        postgresql_where=_ON_A_DOCUMENT,
    )
    _make_blocks()
    if op.get_context().dialect.name == "postgresql":
        for table in ("blocks", "block_revisions"):
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
            op.execute(f"CREATE POLICY of_tenant ON {table} USING ({_OF_TENANT})")


def _make_blocks() -> None:
    op.create_table(
        "blocks",
        Column("id", Identifier(), nullable=False),
        Column("tenant_id", Identifier(), nullable=False),
        Column("document_id", Identifier(), nullable=False),
        Column("position", Integer(), nullable=False),
        Column("title", Text(), nullable=False),
        Column("prompt", Text(), nullable=False),
        Column("content", Text(), nullable=False),
        Column("revision", Integer(), nullable=False),
        Column("created_at", Instant(), nullable=False),
        Column("updated_at", Instant(), nullable=False),
        PrimaryKeyConstraint("id", name="blocks_pkey"),
    )
    op.create_index("blocks_of_document", "blocks", ["document_id", "position"], unique=True)
    op.create_table(
        "block_revisions",
        Column("block_id", Identifier(), nullable=False),
        Column("number", Integer(), autoincrement=False, nullable=False),
        Column("id", Identifier(), nullable=False),
        Column("tenant_id", Identifier(), nullable=False),
        Column("content", Text(), nullable=False),
        Column("kind", Text(), nullable=False),
        Column("job_id", Identifier(), nullable=True),
        Column("created_at", Instant(), nullable=False),
        PrimaryKeyConstraint("block_id", "number", name="block_revisions_pkey"),
        UniqueConstraint("id", name="block_revisions_id_key"),
    )
