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


@pytest.mark.parametrize("option", ["nonsense", "prepare_threshold", "autocommit", "row_factory"])
def test_an_option_that_postgresql_does_not_have_is_refused_by_its_name(option: str) -> None:
    """Also one that its driver would take for an argument in Python, and break over later."""
    with pytest.raises(ConfigurationError, match=f"no connection option `{option}`.*such as `sslmode=require`"):
        Database(f"postgresql://ours@127.0.0.1/jobs?{option}=0")


def test_every_option_of_postgresql_may_stand_in_an_address() -> None:
    database = Database("postgresql://ours@/jobs?host=one&host=two&service=ours&options=-csearch_path%3Djobs")
    assert database.connect_arguments["options"] == "-csearch_path=jobs"
