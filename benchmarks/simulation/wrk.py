"""wrk, the load: the same request again and again over 16 connections."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from pathlib import Path
from shutil import which
from typing import NamedTuple

from benchmarks.simulation.question import PATH, body, headers
from benchmarks.simulation.server import RunningServer, UnusableServerError

CONNECTIONS = 16
INSTALL = "apt-get install wrk"
MARGIN_SECONDS = 30.0
_REPORT = """
done = function(summary, latency, _)
  local wrong = summary.errors
  io.write(string.format("\\nmeasured %d requests in %d us, p99 %d us, %d failed\\n",
    summary.requests, summary.duration, latency:percentile(99),
    wrong.connect + wrong.read + wrong.write + wrong.status + wrong.timeout))
end
"""
_REPORTED = re.compile(r"measured (\d+) requests in (\d+) us, p99 (\d+) us, (\d+) failed")


class Load(NamedTuple):
    """What a server made of the load."""

    answers_per_second: float
    p99_ms: float
    cpu_microseconds: float | None
    """Of the server's process, for each answer."""


def is_installed() -> bool:
    """Whether there is a wrk on this machine."""
    return which("wrk") is not None


def load(server: RunningServer, *, stream: bool, seconds: int) -> Load:
    """Ask this server for as many answers as it can give in this time.

    Raises:
        UnusableServerError: it failed to answer even one well.
    """
    with tempfile.TemporaryDirectory(prefix="aijobs-wrk-") as folder:
        script = Path(folder) / "load.lua"
        script.write_text(_script(stream=stream))
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), server.address + PATH]
        before = server.cpu_seconds()
        said = subprocess.run(command, check=False, capture_output=True, text=True, timeout=seconds + MARGIN_SECONDS)
        after = server.cpu_seconds()
    found = _REPORTED.search(said.stdout)
    if found is None:
        raise UnusableServerError(f"wrk reports nothing: {' '.join((said.stderr or said.stdout).split())}")
    requests, microseconds, p99, failed = map(int, found.groups())
    if failed or not requests:
        raise UnusableServerError(f"{failed:,} of {requests:,} requests failed under load")
    cpu = None if before is None or after is None else (after - before) / requests * 1e6
    return Load(requests / microseconds * 1e6, p99 / 1000, cpu)


def _script(*, stream: bool) -> str:
    # JSON writes plain text as Lua does.
    fields = [f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers().items()]
    return "\n".join(['wrk.method = "POST"', f"wrk.body = {json.dumps(body(stream=stream))}", *fields, _REPORT])
