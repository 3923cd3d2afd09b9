"""Numbers that a database keeps about itself: they are nobody's, and behind PostgreSQL's wall the engine's alone."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text

revision = "0007"
down_revision = "0006"

_OF_NOBODY = "(SELECT nullif(current_setting('aijobs.tenant_id', true), '')) IS NULL"


def upgrade() -> None:
    """Make their table; that there is no mark yet means that nothing was purged."""
    op.create_table(
        "marks",
        Column("name", Text(), nullable=False),
        Column("value", BigInteger(), nullable=False),
        PrimaryKeyConstraint("name", name="marks_pkey"),
    )
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER TABLE marks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_nobody ON marks USING ({_OF_NOBODY})")
