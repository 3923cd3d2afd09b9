from __future__ import annotations

import pytest

from providers.contract.stage import ADAPTERS, Stage


@pytest.fixture(params=ADAPTERS)
def stage(request: pytest.FixtureRequest) -> Stage:
    return Stage(request.param)
