"""The DuckDB database behind the room, and the named statements it is asked."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from aijobs_sdk.contract.errors import ConfigurationError

try:
    import duckdb
except ModuleNotFoundError as missing:
    raise ConfigurationError(
        "Usage reports and Parquet files need DuckDB: pip install 'aijobs-sdk[usage]'. "
        "Exports to csv and jsonl work without it."
    ) from missing

Database = duckdb.DuckDBPyConnection
DatabaseError = duckdb.Error


def open_database() -> Database:
    """Return a new database in memory that reckons in UTC and loads no extension by itself."""
    database = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    if database.execute("SELECT current_setting('enable_progress_bar')").fetchall() == [(True,)]:
        # A notebook would show a bar for every step. Where it cannot show one, DuckDB refuses even to turn it off.
        database.execute("SET enable_progress_bar = false")
    database.execute("SET GLOBAL TimeZone = 'UTC'")  # GLOBAL: a cursor is a session of its own
    return database


@cache
def statement(name: str) -> str:
    """Return the text of `sql/<name>.sql`. Each file opens with the question it answers."""
    return files("aijobs_sdk.usage").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def lock(database: Database) -> None:
    """Shut `database` off from files, network and further settings, for good."""
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")


def is_one_query(sql: str) -> bool:
    """Return whether `sql` is a single statement that reads.

    Raises:
        DatabaseError: `sql` is not SQL.
    """
    kinds = [parsed.type for parsed in duckdb.extract_statements(sql)]
    return len(kinds) == 1 and kinds[0] in {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
