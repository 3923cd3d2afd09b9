"""A real Jupyter server on this machine, with JupyterLab and Notebook 7, for as long as a `with` block lasts."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

PATIENCE_SECONDS = 60.0
ENDING_SECONDS = 15.0
FOREIGN = ("JUPYTER", "JPY_", "IPYTHON")
"""Variables of the environment that begin so would mix the user's own set-up into ours."""

# Ends the server, which ends its kernels, and removes its folder when we are gone, however we went: our end of the
# pipe closes even on kill -9.
_LAST_RITES = 'cat; kill -TERM "$1" && timeout 10 tail --pid="$1" -f /dev/null || kill -KILL "$1"; rm -rf "$2"'

_QUIET = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    # A notebook is saved when the test says so.
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}


@contextmanager
def running_jupyter(
    environment: Mapping[str, str] | None = None, *, python: str | None = None
) -> Iterator[JupyterServer]:
    """Start a server whose kernels run in its own environment, and leave nothing of it behind.

    `environment` is what it and its kernels see as the variables of the environment, `python` the interpreter that has
    JupyterLab and all that the kernels need; ours, where they are None.

    Raises:
        RuntimeError: JupyterLab or Notebook is not installed, or the server does not start.
    """
    server = JupyterServer(os.environ if environment is None else environment, python or sys.executable)
    try:
        server.start()
        yield server
    finally:
        server.stop()


class JupyterServer:
    """One server, which only this machine reaches, and only with its token."""

    def __init__(self, environment: Mapping[str, str], python: str) -> None:
        self._python = python
        self._folder = Path(tempfile.mkdtemp(prefix="aijobs-jupyter-"))
        self._log = self._folder / "log"
        self._environment = {name: value for name, value in environment.items() if not name.startswith(FOREIGN)}
        self._token = secrets.token_hex()
        self._url = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._survivor: subprocess.Popen[bytes] | None = None
        self.notebooks = self._folder / "notebooks"
        """What it serves: a file here is found under its name."""

    @property
    def pid(self) -> int:
        """The server's own process."""
        if self._process is None:
            raise RuntimeError("Jupyter is not running: call start() first.")
        return self._process.pid

    @property
    def log(self) -> str:
        """All that the server said so far, and its kernels."""
        return self._log.read_text()

    def address_of(self, path: str) -> str:
        """Return what a browser has to ask for, such as `lab/tree/first.ipynb` or `notebooks/first.ipynb`."""
        return f"{self._url}{path}?token={self._token}"

    def start(self) -> None:
        """Start; it takes some seconds."""
        self._write_settings()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._python, "-m", "jupyterlab"],
                cwd=self.notebooks,
                env=self._environment | self._places(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # no Ctrl-C of ours reaches it
            )
        self._survivor = subprocess.Popen(
            ["/bin/sh", "-c", _LAST_RITES, "sh", str(self._process.pid), self._folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._url = self._wait_until_ready(self._process)

    def end_kernel_of(self, notebook: str) -> None:
        """End the kernel of a notebook, if it has one."""
        with self._asking() as client:
            sessions = client.get("api/sessions").raise_for_status().json()
            for session in (one for one in sessions if one["path"] == notebook):
                client.delete(f"api/sessions/{session['id']}").raise_for_status()

    def stop(self) -> None:
        """End it for good, with its kernels, and remove its folder."""
        try:
            if self._process is not None:
                self._end(self._process)
        finally:
            if self._survivor is not None:
                self._survivor.kill()
                self._survivor.communicate()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        try:
            process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:  # its kernels end by themselves when it is gone
            process.kill()
            process.wait(PATIENCE_SECONDS)

    def _asking(self) -> httpx.Client:
        headers = {"Authorization": f"token {self._token}"}
        return httpx.Client(base_url=self._url, headers=headers, timeout=PATIENCE_SECONDS, trust_env=False)

    def _places(self) -> dict[str, str]:
        places = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "run",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
        }
        return {name: str(self._folder / place) for name, place in places.items()}

    def _write_settings(self) -> None:
        if not self.notebooks.exists():
            self.notebooks.mkdir()
            (self._folder / "config" / "labconfig").mkdir(parents=True)
        server = {
            "ServerApp": {
                "ip": "127.0.0.1",
                "port": 0,
                "root_dir": str(self.notebooks),
                "open_browser": False,
                "allow_root": os.geteuid() == 0,
            },
            "IdentityProvider": {"token": self._token},
            # A page can then be asked whether its kernel is ready; what it shows comes sooner than that.
            "LabApp": {"expose_app_in_browser": True, "news_url": None},
            "JupyterNotebookApp": {"expose_app_in_browser": True},
        }
        self._write("config/jupyter_server_config.json", server)
        self._write("config/labconfig/default_setting_overrides.json", _QUIET)

    def _write(self, name: str, settings: Mapping[str, Any]) -> None:
        (self._folder / name).write_text(json.dumps(settings))

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> str:
        """Return the address, which the server writes down once it listens."""
        info = self._folder / "run" / f"jpserver-{process.pid}.json"
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            if info.exists() and (written := info.read_text()).endswith("}"):
                return str(json.loads(written)["url"])
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"Jupyter does not start. The end of its log:\n{self.log[-2000:]}")
            time.sleep(0.05)
