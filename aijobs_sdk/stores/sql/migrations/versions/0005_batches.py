"""Journals of batches, with their rows; a job names the batch that it is a row of, and is kept as long as that is."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, Text, UniqueConstraint, text

from aijobs_sdk.stores.sql.column_types import Identifier, Instant

revision = "0005"
down_revision = "0004"

_OF_A_BATCH = text("batch_id IS NOT NULL")
_ENDED_ALONE = text("completed_at IS NOT NULL AND batch_id IS NULL")
_SETTING = "(SELECT nullif(current_setting('aijobs.tenant_id', true), '')::uuid)"
# Of `tenant_id = coalesce(setting, tenant_id)`, as the tables before say it, PostgreSQL expects one row in 200 to be
# true, and so sorts all of a tenant's jobs to return the newest. Of this it expects every second one.
_OF_TENANT = f"coalesce(tenant_id = {_SETTING}, true)"
_READ_IN_PAGES = ("jobs", "dead_letters", "query_usage")


def upgrade() -> None:
    """Make the tables, and let jobs be found by their batch."""
    op.add_column("jobs", Column("batch_id", Identifier(), nullable=True))
    op.create_index(
        "jobs_of_batch",
        "jobs",
        ["batch_id", "ordinal"],
        unique=False,
        sqlite_where=_OF_A_BATCH,
        postgresql_where=_OF_A_BATCH,
    )
    op.drop_index("jobs_ended", "jobs")
    op.create_index(
        "jobs_ended",
        "jobs",
        ["completed_at"],
        unique=False,
        sqlite_where=_ENDED_ALONE,
        postgresql_where=_ENDED_ALONE,
    )
    _make_batches()
    if op.get_context().dialect.name == "postgresql":
        _put_behind_the_wall()


def _put_behind_the_wall() -> None:
    for table in ("batches", "batch_rows"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_tenant ON {table} USING ({_OF_TENANT})")
    for table in _READ_IN_PAGES:
        op.execute(f"ALTER POLICY of_tenant ON {table} USING ({_OF_TENANT})")


def _make_batches() -> None:
    op.create_table(
        "batches",
        Column("ordinal", BigInteger().with_variant(Integer(), "sqlite"), nullable=False),
        Column("id", Identifier(), nullable=False),
        Column("tenant_id", Identifier(), nullable=False),
        Column("user_id", Identifier(), nullable=False),
        Column("name", Text(), nullable=False),
        Column("version", Integer(), nullable=False),
        Column("settings", Text(), nullable=False),
        Column("rows", BigInteger(), nullable=False),
        Column("wish", Text(), nullable=False),
        Column("standing", Text(), nullable=False),
        Column("holder", Text(), nullable=True),
        Column("held_until", Instant(), nullable=True),
        Column("created_at", Instant(), nullable=False),
        Column("updated_at", Instant(), nullable=False),
        PrimaryKeyConstraint("ordinal", name="batches_pkey"),
        UniqueConstraint("id", name="batches_id_key"),
    )
    op.create_index("batches_of_tenant", "batches", ["tenant_id", "name"], unique=True)
    op.create_table(
        "batch_rows",
        Column("batch_id", Identifier(), nullable=False),
        Column("place", BigInteger(), autoincrement=False, nullable=False),
        Column("tenant_id", Identifier(), nullable=False),
        Column("key", Text(), nullable=False),
        Column("inputs", Text(), nullable=False),
        Column("request", Text(), nullable=False),
        PrimaryKeyConstraint("batch_id", "place", name="batch_rows_pkey"),
    )
