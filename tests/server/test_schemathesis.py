"""Requests of every shape that the OpenAPI document allows, and many that it does not: answers are as it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi import checks

from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.server.app import create_app
from aijobs_sdk.server.openapi import document_text
from aijobs_sdk.server.serving import serving
from server.server_worlds import OURS, KeyRing, bearer, new_backend

EXAMPLES_OF_A_ROUTE = 30

load_all_checks()
schema = schemathesis.openapi.from_dict(
    json.loads(document_text()),
    config=SchemathesisConfig(),  # not what a file in the folder says
)
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]


@pytest.fixture
def served() -> Iterator[dict[str, Any]]:
    """An application of its own for each route: no stream is endless, as nobody knows a job, or has begun a batch."""
    keys = KeyRing()
    app = create_app(new_backend(SystemClock()).acting_for, keys=keys, metrics_text=lambda: "")
    with serving(app) as url:
        yield {"base_url": url, "headers": dict(bearer(keys.cut(OURS)))}


@schema.parametrize()
@settings(
    max_examples=EXAMPLES_OF_A_ROUTE,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_the_document_says(case: schemathesis.Case[Any], served: dict[str, Any]) -> None:
    case.call_and_validate(checks=CHECKS, timeout=10, **served)
