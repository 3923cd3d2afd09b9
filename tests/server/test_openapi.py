"""The OpenAPI document says what the application does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from aijobs_sdk.server.openapi import document_text

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"
OPEN = {"/healthz", "/readyz"}


@pytest.fixture
def document() -> dict[str, Any]:
    """What the application says of itself."""
    said: dict[str, Any] = json.loads(document_text())
    return said


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(path, one) for path, methods in document["paths"].items() for one in methods.values()]


def test_the_document_that_is_kept_is_the_applications() -> None:
    anew = "python -m aijobs_sdk.server.openapi > docs/openapi.json"
    assert DOCUMENT.read_text() == document_text(), f"write it anew: {anew}"


def test_every_route_but_the_probes_wants_a_key(document: dict[str, Any]) -> None:
    wants = {path for path, one in operations(document) if one.get("security") == [{"key": []}]}
    assert wants == set(document["paths"]) - OPEN


def test_every_operation_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    names = [one["operationId"] for _, one in operations(document)]
    assert len(set(names)) == len(names)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    named = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(document["components"]["schemas"])


@pytest.mark.anyio
async def test_the_document_is_served_and_the_page_is_not(client: httpx.AsyncClient, app: FastAPI) -> None:
    assert (await client.get("/api/openapi.json")).json() == app.openapi()
    assert (await client.get("/api/docs")).status_code == 404
