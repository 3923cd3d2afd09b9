"""What a PostgreSQL that answers, and refuses, is told to be in need of."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
import pytest

import aijobs_sdk as aijobs

REFUSALS = [
    pytest.param((), "/nowhere", "Make it first", id="no such database"),
    pytest.param((), "?options=-csearch_path%3Dnowhere", "a schema that is there", id="no such schema"),
    pytest.param((), "?options=-cdefault_transaction_read_only%3Don", "one that writes", id="only reads"),
    pytest.param(
        ("REVOKE CREATE ON SCHEMA public FROM public",), "?user=guest", "Give this user the rights", id="no rights"
    ),
    pytest.param(("ALTER ROLE guest CONNECTION LIMIT 0",), "?user=guest", "more connections", id="no connection free"),
]
_GUEST = "DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN"


@pytest.mark.parametrize(("before", "end_of_address", "advice"), REFUSALS)
def test_the_refusal_says_what_to_do(
    postgres_url: str, before: Sequence[str], end_of_address: str, advice: str
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("; ".join([_GUEST, *before]))
    address = postgres_url.rpartition("/")[0] if end_of_address.startswith("/") else postgres_url
    with pytest.raises(aijobs.StoreUnavailableError, match=advice) as refused:
        aijobs.Client(address + end_of_address)
    assert "See that the server runs" not in refused.value.message
