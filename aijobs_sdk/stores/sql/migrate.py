"""Brings a database to this version's tables, whichever version made it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from aijobs_sdk.contract.errors import StoreUnavailableError
from aijobs_sdk.stores.sql.database import Database

LATEST = "0001"
"""The newest revision in `migrations/versions`."""
MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK = 0x61696A6F  # any number that is ours: others who open the database wait for it


def migrate(database: Database) -> None:
    """Make the tables, or bring them up to date; many processes may do so at once.

    Raises:
        StoreUnavailableError: the database cannot be used, or a newer version made it.
    """
    with database.reading() as connection:
        found = _revision(connection)
    if found == LATEST:
        return
    with database.writing() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        found = _revision(connection)
        _check(database, found)
        if found != LATEST:
            _upgrade(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _check(database: Database, found: str | None) -> None:
    if found is not None and found > LATEST:
        raise StoreUnavailableError(
            f"{database.name} was made by a newer version of aijobs-sdk (tables {found}, this one knows {LATEST}). "
            "Upgrade: pip install -U aijobs-sdk."
        )


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - a database that is up to date does not wait for this import
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
