"""What a database is called in a message."""

from __future__ import annotations

import pytest

from aijobs_sdk.stores.sql.database import Database


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ours:hidden@127.0.0.1:5432/jobs",
        "postgresql://127.0.0.1/jobs?user=ours&password=hidden",
        "postgresql://ours@127.0.0.1/jobs?sslpassword=hidden",
    ],
)
def test_no_password_is_in_it(address: str) -> None:
    name = Database(address).name
    assert "127.0.0.1" in name
    assert "hidden" not in name
