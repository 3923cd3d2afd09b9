"""A connection that the server ends in the middle of a query."""

from __future__ import annotations

import logging

import pytest

from aijobs_sdk.contract.errors import StoreUnavailableError
from aijobs_sdk.stores.sql.database import Database
from aijobs_sdk.stores.sql.sessions import session_on


def test_whoever_reads_is_told_once_and_the_application_gets_no_traceback(
    postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(postgres_url)
    caplog.set_level(logging.WARNING)
    with pytest.raises(StoreUnavailableError, match="terminating connection"), database.reading() as connection:
        session_on(connection).read("SELECT pg_terminate_backend(pg_backend_pid())", ())
    assert caplog.records == []
    with database.reading() as connection:
        assert session_on(connection).read("SELECT 1", ()) == [(1,)]
    database.close()
