"""Where a database is: the address that was given, or why there can be none at it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from aijobs_sdk.contract.errors import ConfigurationError

_PATIENCE = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "2",
    "tcp_user_timeout": "20000",  # milliseconds, of them all
}
"""How long PostgreSQL's driver waits for a server or a network that is silent, where the address does not say: else it
would be a quarter of an hour and more."""


def file_of(address: str) -> Path:
    """Return the file that a `sqlite://` address names.

    Raises:
        ConfigurationError: there can be none at this address.
    """
    return Path(str(url_of(address).database))


def url_of(address: str) -> URL:
    """Return what an address says, with the driver and the patience that it does not name.

    Raises:
        ConfigurationError: there can be no database at it.
    """
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # the second of a port that is no number
        raise ConfigurationError(
            "Cannot read the database's address: write `sqlite:///jobs.db` or `postgresql://user@host/database`."
        ) from None
    if url.get_backend_name().lower() == "sqlite":
        if "?" in address:
            raise ConfigurationError("A `sqlite://` address takes no options, and no `?` in the name of its file.")
        return _checked_file(url)
    if address.count("@") > 1:  # the end of a password could be taken for the host, and shown
        raise ConfigurationError(
            "Cannot read the database's address: it has more than one `@`. Write `@` in a password as `%40`."
        )
    from aijobs_sdk.stores.sql.postgres.options import check_options  # noqa: PLC0415 - with PostgreSQL's driver

    check_options(url)
    return url.set(drivername="postgresql+psycopg").update_query_dict({**_PATIENCE, **url.query})


def _checked_file(url: URL) -> URL:
    if url.database in {None, "", ":memory:"}:
        raise ConfigurationError("`sqlite://` needs a file: `sqlite:///jobs.db`. To keep nothing, use `memory://`.")
    path = _whole_path(str(url.database))
    _check_name(path)
    if not _is_folder(path.parent):
        raise ConfigurationError(f"Cannot open {path}: there is no folder {path.parent}. Make it first.")
    if _is_folder(path):
        raise ConfigurationError(f"Cannot open {path}: it is a folder. Name a file in it: {path / 'jobs.db'}.")
    return url.set(drivername="sqlite+pysqlite", database=str(path))


def _whole_path(name: str) -> Path:
    try:
        return Path(name).expanduser().absolute()
    except RuntimeError:
        raise ConfigurationError(
            f"No home is known of the user that {name} begins with: write the whole path."
        ) from None


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError as error:  # of a folder that is closed to this user
        raise ConfigurationError(f"Cannot open {path}: {error.strerror}. Let this user into its folder.") from None


def _check_name(path: Path) -> None:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass  # a name all the same
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it holds what no name can hold"
        raise ConfigurationError(f"No file can have the name that `sqlite://` is given: {why}.") from None
