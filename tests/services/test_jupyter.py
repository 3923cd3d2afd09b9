"""The Jupyter server that other tests rely on."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.jupyter import JupyterServer, running_jupyter

FORGETFUL = """
import sys, time
from services.jupyter import JupyterServer
server = JupyterServer({}, sys.executable)
server.start()
print(server.pid, server.notebooks.parent, flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[JupyterServer]:
    with running_jupyter() as server:
        yield server


def asked(server: JupyterServer, path: str, *, method: str = "GET") -> httpx.Response:
    return httpx.request(method, server.address_of(path), follow_redirects=True, trust_env=False, timeout=60)


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until_gone(process: int, folder: Path) -> None:
    while is_running(process) or folder.exists():
        time.sleep(0.05)


def new_kernel(server: JupyterServer) -> str:
    return str(asked(server, "api/kernels", method="POST").raise_for_status().json()["id"])


@pytest.mark.parametrize("page", ["lab", "tree"])
def test_it_serves_both_interfaces_to_those_who_have_its_token(server: JupyterServer, page: str) -> None:
    assert asked(server, page).status_code == 200
    without_it = httpx.get(server.address_of(page).partition("?")[0], trust_env=False)
    assert "login" in without_it.headers["location"]


def test_it_serves_what_lies_in_its_folder(server: JupyterServer) -> None:
    (server.notebooks / "here.txt").write_text("It is.")
    assert asked(server, "files/here.txt").text == "It is."


def test_a_notebooks_kernel_can_be_ended(server: JupyterServer) -> None:
    session = {"path": "a.ipynb", "type": "notebook", "name": "", "kernel": {"name": "python3"}}
    httpx.post(server.address_of("api/sessions"), json=session, trust_env=False, timeout=60).raise_for_status()
    server.end_kernel_of("another.ipynb")
    assert len(asked(server, "api/kernels").json()) == 1
    server.end_kernel_of("a.ipynb")
    assert asked(server, "api/kernels").json() == []


def test_nothing_is_left_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", "/nowhere")
    with running_jupyter() as server:
        kernel = new_kernel(server)
        process = server.pid
        assert kernel in server.log
    wait_until_gone(process, server.notebooks.parent)


def test_it_ends_with_a_process_that_is_killed() -> None:
    forgetful = subprocess.Popen([sys.executable, "-c", FORGETFUL], stdout=subprocess.PIPE, text=True)
    assert forgetful.stdout
    process, folder = forgetful.stdout.readline().split()
    forgetful.kill()
    forgetful.communicate()
    wait_until_gone(int(process), Path(folder))


def test_an_interpreter_without_jupyterlab_says_what_is_missing(tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')  # without what is installed beside it
    bare.chmod(0o755)
    missing = pytest.raises(RuntimeError, match=r"does not start(.|\n)*No module named jupyterlab")
    with missing, running_jupyter(python=str(bare)):
        pass
