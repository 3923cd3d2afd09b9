"""PostgreSQL's own wall between tenants: a transaction that says whose it is sees and writes that tenant's rows alone.

The setting `aijobs.tenant_id` says whose. Where it is unset, as in the engine's own work, all rows are there.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

# A SELECT of its own is asked once for a statement, not for each row. Empty: an earlier transaction had set it.
_SETTING = "(SELECT nullif(current_setting('aijobs.tenant_id', true), '')::uuid)"
_OF_TENANT = f"tenant_id = coalesce({_SETTING}, tenant_id)"
# A column of its own would make every event that is written longer. The job is seen through its own policy.
_OF_JOB = f"{_SETTING} IS NULL OR EXISTS (SELECT FROM jobs WHERE jobs.id = events.job_id)"
_POLICIES = dict.fromkeys(
    (
        "api_keys",
        "dead_letters",
        "documents",
        "idempotency_keys",
        "images",
        "jobs",
        "lineage",
        "query_usage",
        "rate_limits",
        "schedules",
    ),
    _OF_TENANT,
) | {"events": _OF_JOB}


def upgrade() -> None:
    """Put every table behind the wall, and its owner, too; SQLite has none, and no roles to keep apart."""
    if op.get_context().dialect.name != "postgresql":
        return
    for table, condition in _POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_tenant ON {table} USING ({condition})")  # a check of what is written, as well
