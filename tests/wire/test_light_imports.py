"""A client of a server loads what it needs to ask, and nothing of what a server is made of."""

from __future__ import annotations

import pytest

from wire.programs import run
from wire.scripted_server import ScriptedServer

ONE_JOB = "import sys, aijobs_sdk as aijobs\naijobs.Client().submit(type='test_job').result(timeout=10)\n"
SERVER_SIDE = ["fastapi", "starlette", "uvicorn", "sqlalchemy", "alembic", "duckdb", "aijobs_sdk.server"]


@pytest.mark.parametrize("library", [*SERVER_SIDE, "IPython", "openai", "opentelemetry", "prometheus_client"])
def test_a_client_of_a_server_does_not_load(server: ScriptedServer, library: str) -> None:
    assert run(f"{ONE_JOB}print({library!r} in sys.modules)", server) == ("False\n", "")


def test_a_client_in_this_process_does_not_load_httpx(server: ScriptedServer) -> None:
    local = ONE_JOB.replace("Client()", "Client('memory://')")
    assert run(f"{local}print('httpx' in sys.modules)", server) == ("False\n", "")
