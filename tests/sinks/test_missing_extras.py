"""A sink whose library is not installed says what to install."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("library", "name", "extra"),
    [("prometheus_client", "PrometheusMetrics", "prometheus"), ("opentelemetry", "OpenTelemetryMetrics", "otel")],
)
def test_a_sink_without_its_library_names_the_extra(library: str, name: str, extra: str) -> None:
    code = f"import sys; sys.modules[{library!r}] = None; import aijobs_sdk; aijobs_sdk.{name}"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"pip install 'aijobs-sdk[{extra}]'" in ended.stderr.splitlines()[-1]
