"""What the environment decides."""

from __future__ import annotations

import pytest

from aijobs_sdk.connect.settings import LOCAL_TENANT, Settings


@pytest.mark.parametrize("rest", [" ", "\r"])  # of `set NAME=value && …` in Windows, and of a file with its line ends
def test_white_space_behind_a_variable_is_no_part_of_it(rest: str) -> None:
    settings = Settings.read({"AIJOBS_URL": f"sqlite:///jobs.db{rest}", "AIJOBS_TENANT_ID": f"{LOCAL_TENANT}{rest}"})
    assert settings.url == "sqlite:///jobs.db"
    assert settings.caller.tenant_id == LOCAL_TENANT
