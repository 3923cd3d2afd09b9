"""The tables. JSON is kept as text, in the form pydantic writes: a log is read back by the byte.

A change here needs a migration (`migrations/versions`); a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)

from aijobs_sdk.contract.job import JobState
from aijobs_sdk.stores.sql.column_types import Amount, Identifier, Instant

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s",
        "pk": "%(table_name)s_pkey",
    }
)
_STATES = ", ".join(f"'{state}'" for state in JobState)

DUE, LATER = text("queue = 'due'"), text("queue = 'later'")
"""Written out, because SQLite uses a partial index only where the query says its condition in these words."""
RUNNING = text("state = 'running'")
ON_A_DOCUMENT = text("document_id IS NOT NULL")
OF_A_BATCH = text("batch_id IS NOT NULL")
UNFINISHED = text("completed_at IS NULL")
ENDED_ALONE = text("completed_at IS NOT NULL AND batch_id IS NULL")
"""A batch keeps its jobs: whoever looks for old ones need not walk past a million of them."""

jobs = Table(
    "jobs",
    metadata,
    Column("ordinal", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),  # its age: lower is older
    Column("id", Identifier, nullable=False, unique=True),
    Column("tenant_id", Identifier, nullable=False),
    Column("user_id", Identifier, nullable=False),
    Column("type", Text, nullable=False),
    Column("state", Text, CheckConstraint(f"state IN ({_STATES})", name="state"), nullable=False),
    # While the job waits: `due` may be claimed, `later` waits for run_at. Claiming never walks past what is not due.
    Column("queue", Text, CheckConstraint("queue IN ('due', 'later')", name="queue")),
    Column("priority", SmallInteger, nullable=False),  # 0 is claimed first
    Column("run_at", Instant, nullable=False),
    Column("payload", Text, nullable=False),
    Column("progress", SmallInteger, nullable=False),
    Column("message", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("result", Text),
    Column("error", Text),
    Column("errors", Text, nullable=False),  # of earlier attempts
    Column("idempotency_key", Text),
    Column("fingerprint", Text),
    Column("draw_key", Text, nullable=False),
    Column("task_id", Text),
    Column("worker_id", Text),
    Column("replay_of", Identifier),
    Column("document_id", Identifier),  # that the payload names
    Column("batch_id", Identifier),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("completed_at", Instant),
    Column("fence", Integer, nullable=False),
    Column("lease_until", Instant),
    Column("overdue_at", Instant),
    Column("last_seq", Integer, nullable=False),
    Column("cancel_requested", Boolean, nullable=False),
)
Index("jobs_due", jobs.c.priority, jobs.c.ordinal, jobs.c.type, sqlite_where=DUE, postgresql_where=DUE)
Index("jobs_later", jobs.c.run_at, sqlite_where=LATER, postgresql_where=LATER)
Index("jobs_running", jobs.c.lease_until, sqlite_where=RUNNING, postgresql_where=RUNNING)
Index("jobs_of_tenant", jobs.c.tenant_id, jobs.c.ordinal)
Index(
    "jobs_of_document",
    jobs.c.document_id,
    jobs.c.ordinal,
    sqlite_where=ON_A_DOCUMENT,
    postgresql_where=ON_A_DOCUMENT,
)
Index("jobs_unfinished", jobs.c.tenant_id, sqlite_where=UNFINISHED, postgresql_where=UNFINISHED)
Index("jobs_ended", jobs.c.completed_at, sqlite_where=ENDED_ALONE, postgresql_where=ENDED_ALONE)
Index("jobs_of_batch", jobs.c.batch_id, jobs.c.ordinal, sqlite_where=OF_A_BATCH, postgresql_where=OF_A_BATCH)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("tenant_id", Identifier, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("job_id", Identifier, nullable=False),
)

rate_limits = Table(
    "rate_limits",
    metadata,
    Column("tenant_id", Identifier, primary_key=True),
    Column("type", Text, primary_key=True),
    # The tenant may submit a whole burst of the type again at this instant; before, less.
    Column("full_at", Instant, nullable=False),
)

schedules = Table(
    "schedules",
    metadata,
    Column("tenant_id", Identifier, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("user_id", Identifier, nullable=False),
    Column("cron", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("next_run_at", Instant, nullable=False, index=True),
    Column("last_run_at", Instant),
    Column("last_job_id", Identifier),
    Column("created_at", Instant, nullable=False),
    Column("waiting_since", Instant),
)

events = Table(
    "events",
    metadata,
    Column("job_id", Identifier, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("data", Text, nullable=False),
    sqlite_with_rowid=False,
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("job_id", Identifier, primary_key=True),
    Column("tenant_id", Identifier, nullable=False),
    Column("user_id", Identifier, nullable=False),
    Column("type", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("payload", Text, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("errors", Text, nullable=False),
    # Of the last error, to find letters by.
    Column("category", Text, nullable=False),
    Column("provider", Text),
    Column("region", Text),
    Column("draw_key", Text, nullable=False),
    Column("failed_at", Instant, nullable=False),
    Column("replayed_as", Identifier),
)
Index("dead_letters_of_tenant", dead_letters.c.tenant_id, dead_letters.c.failed_at)

documents = Table(
    "documents",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("tenant_id", Identifier, nullable=False),
    Column("author_id", Identifier, nullable=False),
    Column("job_id", Identifier, index=True),
    Column("title", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("configuration", Text),
    Column("created_at", Instant, nullable=False),
)

blocks = Table(
    "blocks",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("tenant_id", Identifier, nullable=False),
    Column("document_id", Identifier, nullable=False),
    Column("position", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("prompt", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)
Index("blocks_of_document", blocks.c.document_id, blocks.c.position, unique=True)

block_revisions = Table(
    "block_revisions",
    metadata,
    Column("block_id", Identifier, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("id", Identifier, nullable=False, unique=True),
    Column("tenant_id", Identifier, nullable=False),
    Column("content", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("job_id", Identifier),
    Column("created_at", Instant, nullable=False),
)

suggestions = Table(
    "suggestions",
    metadata,
    Column("ordinal", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),  # its age: lower is older
    Column("id", Identifier, nullable=False, unique=True),
    Column("tenant_id", Identifier, nullable=False),
    Column("document_id", Identifier, nullable=False),
    Column("block_id", Identifier, nullable=False),
    Column("job_id", Identifier, nullable=False),
    Column("user_id", Identifier, nullable=False),
    Column("model", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("prompt_length", Integer, nullable=False),
    Column("content", Text, nullable=False),
    Column("based_on", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("revision_id", Identifier),
    Column("decided_by", Identifier),
    Column("created_at", Instant, nullable=False),
    Column("decided_at", Instant),
)
Index("suggestions_of_block", suggestions.c.block_id, suggestions.c.ordinal)

batches = Table(
    "batches",
    metadata,
    Column("ordinal", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),  # its age: lower is older
    Column("id", Identifier, nullable=False, unique=True),
    Column("tenant_id", Identifier, nullable=False),
    Column("user_id", Identifier, nullable=False),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("settings", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("wish", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("holder", Text),
    Column("held_until", Instant),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)
Index("batches_of_tenant", batches.c.tenant_id, batches.c.name, unique=True)

batch_rows = Table(
    "batch_rows",
    metadata,
    Column("batch_id", Identifier, primary_key=True),
    Column("place", BigInteger, primary_key=True, autoincrement=False),  # `index` is a word of SQL's own
    Column("tenant_id", Identifier, nullable=False),
    Column("key", Text, nullable=False),
    Column("inputs", Text, nullable=False),
    Column("request", Text, nullable=False),
)

lineage = Table(
    "lineage",
    metadata,
    Column("ordinal", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("id", Identifier, nullable=False, unique=True),
    Column("tenant_id", Identifier, nullable=False),
    Column("document_id", Identifier, nullable=False, index=True),
    Column("job_id", Identifier, nullable=False),
    Column("kind", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("prompt_length", Integer, nullable=False),
    Column("output_length", Integer, nullable=False),
    Column("actor_id", Identifier, nullable=False),
    Column("at", Instant, nullable=False),
)

query_usage = Table(
    "query_usage",
    metadata,
    Column("ordinal", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("id", Identifier, nullable=False, unique=True),
    Column("tenant_id", Identifier, nullable=False),
    Column("user_id", Identifier, nullable=False),
    Column("query_type", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("credits_used", Amount, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("month_year", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)
Index("query_usage_of_tenant", query_usage.c.tenant_id, query_usage.c.created_at)

images = Table(
    "images",
    metadata,
    Column("ordinal", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("id", Identifier, nullable=False, unique=True),
    Column("tenant_id", Identifier, nullable=False),
    Column("user_id", Identifier, nullable=False),
    Column("job_id", Identifier, nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
)

marks = Table(  # what the database keeps about itself
    "marks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Identifier, nullable=False, index=True),
    Column("user_id", Identifier, nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),  # words, in order, with spaces between them
    Column("digest", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
)
