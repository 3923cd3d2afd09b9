"""Whether a process is alive is promised to be told also of one that nobody has waited for."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from aijobs_sdk.batch.journal.processes import is_alive


def test_this_process_and_the_first_are_alive() -> None:
    assert is_alive(os.getpid())
    assert is_alive(1)


def test_one_that_was_waited_for_is_not() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert not is_alive(process.pid)


def test_one_that_has_ended_is_not_though_nobody_waited_for_it() -> None:
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read()  # ends when the process does
        deadline = time.monotonic() + 10
        while is_alive(process.pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not is_alive(process.pid)
