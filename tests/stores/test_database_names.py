"""What a database is called in a message."""

from __future__ import annotations

import pytest

from aijobs_sdk.contract.errors import ConfigurationError
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


@pytest.mark.parametrize("password", ["p@hidden", "p@hidden/x", "p@hidden?x", "p@hid@den", "p@hidden:1"])
def test_a_password_that_could_be_read_as_a_host_is_refused_unshown(password: str) -> None:
    with pytest.raises(ConfigurationError, match="Cannot read the database's address") as refused:
        Database(f"postgresql://ours:{password}@127.0.0.1/jobs")
    assert "hid" not in str(refused.value)


def test_a_password_may_hold_what_is_written_as_percent_40() -> None:
    assert Database("postgresql://ours:p%40hidden@127.0.0.1/jobs").url.password == "p@hidden"
