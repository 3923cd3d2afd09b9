"""A database whose driver is not installed."""

from __future__ import annotations

import sys

import pytest

import aijobs_sdk as aijobs


def test_a_database_says_which_package_it_misses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(aijobs.ConfigurationError, match=r"needs psycopg: pip install 'aijobs-sdk\[sql\]'"):
        aijobs.Client("postgresql://user@host/jobs")
