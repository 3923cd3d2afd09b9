"""The first tables: jobs and their logs, and what jobs leave behind."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)

from aijobs_sdk.stores.sql.column_types import Amount, Identifier, Instant

revision = "0001"
down_revision = None

_APPEND_ONLY_SQLITE = """
CREATE TRIGGER lineage_no_{verb} BEFORE {verb} ON lineage
BEGIN SELECT RAISE(ABORT, 'lineage is append-only'); END
"""
_APPEND_ONLY_POSTGRESQL = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;
CREATE TRIGGER lineage_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lineage
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Make the tables, and let the database itself refuse to change lineage."""
    op.create_table(
        "dead_letters",
        Column("job_id", Identifier(), nullable=False),
        Column("tenant_id", Identifier(), nullable=False),
        Column("user_id", Identifier(), nullable=False),
        Column("type", Text(), nullable=False),
        Column("priority", SmallInteger(), nullable=False),
        Column("payload", Text(), nullable=False),
        Column("max_attempts", Integer(), nullable=False),
        Column("errors", Text(), nullable=False),
        Column("category", Text(), nullable=False),
        Column("provider", Text(), nullable=True),
        Column("region", Text(), nullable=True),
        Column("draw_key", Text(), nullable=False),
        Column("failed_at", Instant(), nullable=False),
        Column("replayed_as", Identifier(), nullable=True),
        PrimaryKeyConstraint("job_id", name="dead_letters_pkey"),
    )
    op.create_index("dead_letters_of_tenant", "dead_letters", ["tenant_id", "failed_at"], unique=False)
    op.create_table(
        "documents",
        Column("id", Identifier(), nullable=False),
        Column("tenant_id", Identifier(), nullable=False),
        Column("author_id", Identifier(), nullable=False),
        Column("job_id", Identifier(), nullable=False),
        Column("title", Text(), nullable=False),
        Column("content", Text(), nullable=False),
        Column("status", Text(), nullable=False),
        Column("created_at", Instant(), nullable=False),
        PrimaryKeyConstraint("id", name="documents_pkey"),
    )
    op.create_index("documents_job_id", "documents", ["job_id"], unique=False)
    op.create_table(
        "events",
        Column("job_id", Identifier(), nullable=False),
        Column("seq", Integer(), autoincrement=False, nullable=False),
        Column("data", Text(), nullable=False),
        PrimaryKeyConstraint("job_id", "seq", name="events_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "idempotency_keys",
        Column("tenant_id", Identifier(), nullable=False),
        Column("key", Text(), nullable=False),
        Column("job_id", Identifier(), nullable=False),
        PrimaryKeyConstraint("tenant_id", "key", name="idempotency_keys_pkey"),
    )
    op.create_table(
        "images",
        Column("ordinal", BigInteger().with_variant(Integer(), "sqlite"), nullable=False),
        Column("id", Identifier(), nullable=False),
        Column("tenant_id", Identifier(), nullable=False),
        Column("user_id", Identifier(), nullable=False),
        Column("job_id", Identifier(), nullable=False),
        Column("url", Text(), nullable=False),
        Column("media_type", Text(), nullable=False),
        Column("width", Integer(), nullable=False),
        Column("height", Integer(), nullable=False),
        Column("created_at", Instant(), nullable=False),
        PrimaryKeyConstraint("ordinal", name="images_pkey"),
        UniqueConstraint("id", name="images_id_key"),
    )
    op.create_index("images_job_id", "images", ["job_id"], unique=False)
    op.create_table(
        "jobs",
        Column("ordinal", BigInteger().with_variant(Integer(), "sqlite"), nullable=False),
        Column("id", Identifier(), nullable=False),
        Column("tenant_id", Identifier(), nullable=False),
        Column("user_id", Identifier(), nullable=False),
        Column("type", Text(), nullable=False),
        Column("state", Text(), nullable=False),
        Column("queue", Text(), nullable=True),
        Column("priority", SmallInteger(), nullable=False),
        Column("run_at", Instant(), nullable=False),
        Column("payload", Text(), nullable=False),
        Column("progress", SmallInteger(), nullable=False),
        Column("message", Text(), nullable=False),
        Column("attempts", Integer(), nullable=False),
        Column("max_attempts", Integer(), nullable=False),
        Column("result", Text(), nullable=True),
        Column("error", Text(), nullable=True),
        Column("errors", Text(), nullable=False),
        Column("idempotency_key", Text(), nullable=True),
        Column("fingerprint", Text(), nullable=True),
        Column("draw_key", Text(), nullable=False),
        Column("task_id", Text(), nullable=True),
        Column("worker_id", Text(), nullable=True),
        Column("replay_of", Identifier(), nullable=True),
        Column("created_at", Instant(), nullable=False),
        Column("started_at", Instant(), nullable=True),
        Column("completed_at", Instant(), nullable=True),
        Column("fence", Integer(), nullable=False),
        Column("lease_until", Instant(), nullable=True),
        Column("overdue_at", Instant(), nullable=True),
        Column("last_seq", Integer(), nullable=False),
        Column("cancel_requested", Boolean(), nullable=False),
        CheckConstraint(
            "state IN ('scheduled', 'ready', 'retry_wait', 'running', 'completed', 'failed', 'cancelled')",
            name="jobs_state",
        ),
        CheckConstraint("queue IN ('due', 'later')", name="jobs_queue"),
        PrimaryKeyConstraint("ordinal", name="jobs_pkey"),
        UniqueConstraint("id", name="jobs_id_key"),
    )
    op.create_index(
        "jobs_ended",
        "jobs",
        ["completed_at"],
        unique=False,
        sqlite_where=text("completed_at IS NOT NULL"),
        postgresql_where=text("completed_at IS NOT NULL"),
    )
    op.create_index(
        "jobs_due",
        "jobs",
        ["priority", "ordinal", "type"],
        unique=False,
        sqlite_where=text("queue = 'due'"),
        postgresql_where=text("queue = 'due'"),
    )
    op.create_index(
        "jobs_later",
        "jobs",
        ["run_at"],
        unique=False,
        sqlite_where=text("queue = 'later'"),
        postgresql_where=text("queue = 'later'"),
    )
    op.create_index("jobs_of_tenant", "jobs", ["tenant_id", "ordinal"], unique=False)
    op.create_index(
        "jobs_running",
        "jobs",
        ["lease_until"],
        unique=False,
        sqlite_where=text("state = 'running'"),
        postgresql_where=text("state = 'running'"),
    )
    op.create_index(
        "jobs_unfinished",
        "jobs",
        ["tenant_id"],
        unique=False,
        sqlite_where=text("completed_at IS NULL"),
        postgresql_where=text("completed_at IS NULL"),
    )
    op.create_table(
        "schedules",
        Column("tenant_id", Identifier(), nullable=False),
        Column("name", Text(), nullable=False),
        Column("user_id", Identifier(), nullable=False),
        Column("cron", Text(), nullable=False),
        Column("timezone", Text(), nullable=False),
        Column("type", Text(), nullable=False),
        Column("payload", Text(), nullable=False),
        Column("priority", SmallInteger(), nullable=False),
        Column("max_attempts", Integer(), nullable=False),
        Column("next_run_at", Instant(), nullable=False),
        Column("last_run_at", Instant(), nullable=True),
        Column("last_job_id", Identifier(), nullable=True),
        Column("created_at", Instant(), nullable=False),
        PrimaryKeyConstraint("tenant_id", "name", name="schedules_pkey"),
    )
    op.create_index("schedules_next_run_at", "schedules", ["next_run_at"], unique=False)
    op.create_table(
        "rate_limits",
        Column("tenant_id", Identifier(), nullable=False),
        Column("type", Text(), nullable=False),
        Column("full_at", Instant(), nullable=False),
        PrimaryKeyConstraint("tenant_id", "type", name="rate_limits_pkey"),
    )
    op.create_table(
        "lineage",
        Column("ordinal", BigInteger().with_variant(Integer(), "sqlite"), nullable=False),
        Column("id", Identifier(), nullable=False),
        Column("tenant_id", Identifier(), nullable=False),
        Column("document_id", Identifier(), nullable=False),
        Column("job_id", Identifier(), nullable=False),
        Column("kind", Text(), nullable=False),
        Column("model", Text(), nullable=False),
        Column("provider", Text(), nullable=False),
        Column("prompt_length", Integer(), nullable=False),
        Column("output_length", Integer(), nullable=False),
        Column("actor_id", Identifier(), nullable=False),
        Column("at", Instant(), nullable=False),
        PrimaryKeyConstraint("ordinal", name="lineage_pkey"),
        UniqueConstraint("id", name="lineage_id_key"),
    )
    op.create_index("lineage_document_id", "lineage", ["document_id"], unique=False)
    op.create_table(
        "query_usage",
        Column("ordinal", BigInteger().with_variant(Integer(), "sqlite"), nullable=False),
        Column("id", Identifier(), nullable=False),
        Column("tenant_id", Identifier(), nullable=False),
        Column("user_id", Identifier(), nullable=False),
        Column("query_type", Text(), nullable=False),
        Column("model", Text(), nullable=False),
        Column("provider", Text(), nullable=False),
        Column("input_tokens", BigInteger(), nullable=False),
        Column("output_tokens", BigInteger(), nullable=False),
        Column("credits_used", Amount(), nullable=False),
        Column("metadata", Text(), nullable=False),
        Column("month_year", Text(), nullable=False),
        Column("created_at", Instant(), nullable=False),
        PrimaryKeyConstraint("ordinal", name="query_usage_pkey"),
        UniqueConstraint("id", name="query_usage_id_key"),
    )
    op.create_index("query_usage_of_tenant", "query_usage", ["tenant_id", "created_at"], unique=False)

    if op.get_context().dialect.name == "postgresql":
        op.execute(_APPEND_ONLY_POSTGRESQL)
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(_APPEND_ONLY_SQLITE.format(verb=verb))
