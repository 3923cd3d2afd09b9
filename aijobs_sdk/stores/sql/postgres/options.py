"""What may stand behind the `?` of a PostgreSQL address."""

from __future__ import annotations

from psycopg.pq import Conninfo
from sqlalchemy import URL

from aijobs_sdk.contract.errors import ConfigurationError


def check_options(url: URL) -> None:
    """Refuse what is no option of PostgreSQL's own: its driver would take some for arguments in Python.

    Raises:
        ConfigurationError: there is such an option; it is named.
    """
    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    if unknown := sorted(url.query.keys() - known):
        raise ConfigurationError(
            f"Cannot read the database's address: PostgreSQL has no connection option `{unknown[0]}`. Behind the `?` "
            "stand options such as `sslmode=require`, `connect_timeout=10` or `options=-csearch_path%3Djobs`."
        )
