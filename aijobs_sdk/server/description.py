"""The OpenAPI document: what FastAPI finds by itself, and the forms that our routes read and stream by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from aijobs_sdk.contract.batches import BatchRequest
from aijobs_sdk.contract.blocks import DocumentRequest
from aijobs_sdk.contract.events import KnownEvent
from aijobs_sdk.contract.job import Job
from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.server.batch_forms import BatchChangeIn, HoldIn, RowsIn
from aijobs_sdk.server.forms import FollowIn, JobIn, JobsIn, LookupIn, MissingOut, ScheduleIn
from aijobs_sdk.server.problems import Problem
from aijobs_sdk.server.report_forms import ReportJobIn

VERSION = "1"
"""Of this API, whose changes break nobody."""
_ABOUT = "Asynchronous AI generation jobs: submitted, followed, counted."
_READ = (
    JobIn,
    JobsIn,
    LookupIn,
    FollowIn,
    ScheduleIn,
    DocumentRequest,
    ReportJobIn,
    BatchRequest,
    BatchChangeIn,
    HoldIn,
    RowsIn,
)
_Described = tuple[Any, JsonSchemaMode, TypeAdapter[Any]]
_REFERENCE = "#/components/schemas/{model}"


def operation_id(route: APIRoute) -> str:
    """Return the name of the function that answers: generated clients call it so."""
    return route.name


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the document of an application's routes."""
    document = get_openapi(title="AI jobs", version=VERSION, description=_ABOUT, routes=app.routes)
    schemas = document["components"]["schemas"]
    document["components"]["schemas"] = dict(sorted({**_own_schemas(), **schemas}.items()))
    _say_once_what_streams_hold(document["paths"])
    return document


def _say_once_what_streams_hold(paths: Mapping[str, Any]) -> None:
    """Drop FastAPI's word for what is sent as a whole, a text, where there is one for what is sent one by one."""
    for methods in paths.values():
        for operation in methods.values():
            for response in operation["responses"].values():
                for content in response.get("content", {}).values():
                    if "itemSchema" in content:
                        content.pop("schema", None)


def _own_schemas() -> dict[str, Any]:
    read: list[_Described] = [(model, "validation", TypeAdapter(model)) for model in _READ]
    written: list[_Described] = [
        (Problem, "serialization", TypeAdapter(Problem)),
        (UsageRow, "serialization", TypeAdapter(UsageRow)),
        ("StreamedData", "serialization", TypeAdapter(KnownEvent | Job | MissingOut)),
    ]
    schemas, definitions = TypeAdapter.json_schemas([*read, *written], ref_template=_REFERENCE)
    streamed = schemas[("StreamedData", "serialization")]
    return {**definitions["$defs"], "StreamedData": streamed}
