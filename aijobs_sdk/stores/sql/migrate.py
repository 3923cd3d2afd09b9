"""Brings a database to this version's tables, whichever version made it."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import Connection, Text, column, inspect, select, table, text

from aijobs_sdk.contract.errors import StoreUnavailableError
from aijobs_sdk.stores.sql import schema
from aijobs_sdk.stores.sql.database import Database
from aijobs_sdk.stores.sql.sessions import wait_for_ever

LATEST = "0008"
"""The newest revision in `migrations/versions`."""
VERSION = "alembic_version"
"""The table that says which revision a database is at."""
_REVISION = select(column("version_num", Text)).select_from(table(VERSION))
_OUR_REVISION = re.compile(r"\d{4}")
MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK = 0x61696A6F  # any number that is ours: others who open the database wait for it


def migrate(database: Database) -> None:
    """Make the tables, or bring them up to date; many processes may do so at once.

    Raises:
        StoreUnavailableError: the database cannot be used, or a newer version made it.
    """
    if database.read(_found, database) == LATEST:
        return
    with database.writing() as session:
        connection = session.connection
        if not database.is_sqlite:
            wait_for_ever(connection)
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if _found(connection, database) != LATEST:
            _upgrade(connection)


def _found(connection: Connection, database: Database) -> str | None:
    """Return the revision of the tables that are there, None where there are none of ours."""
    names = set(inspect(connection).get_table_names())
    found = connection.execute(_REVISION).scalar() if VERSION in names else None
    if found is None and (taken := sorted(names & schema.metadata.tables.keys())):
        raise _somebody_elses(database, f"a table {taken[0]!r}")
    if found is not None and not _OUR_REVISION.fullmatch(found):
        raise _somebody_elses(database, f"tables of revision {found!r}")
    if found is not None and found > LATEST:
        raise StoreUnavailableError(
            f"{database.name} was made by a newer version of aijobs-sdk (tables {found}, this one knows {LATEST}). "
            "Upgrade: pip install -U aijobs-sdk."
        )
    return found


def _somebody_elses(database: Database, what: str) -> StoreUnavailableError:
    return StoreUnavailableError(
        f"{database.name} belongs to another program: it holds {what} that we did not make. Name another database; "
        "this one was left as it was."
    )


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - a database that is up to date does not wait for this import
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
