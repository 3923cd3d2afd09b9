"""A forked child and its parent over one database: nothing of it is open when they part, and both go on."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from pathlib import Path

from aijobs_sdk.stores.sql.database import Database
from aijobs_sdk.stores.sql.migrate import migrate

BEGIN = """
    import contextlib, os, sys, time, aijobs_sdk as aijobs
    def in_child(function):
        pid = os.fork()
        if pid == 0:
            function()
            os._exit(0)
        return pid
    def ended(pid):
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    client = aijobs.Client(sys.argv[1])
"""


def run(url: str, script: str, *arguments: str) -> list[str]:
    """Return the lines that the script printed; it may say nothing on standard error."""
    # Python 3.12 and later warn of every fork in a program with threads.
    command = [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", textwrap.dedent(BEGIN + script)]
    done = subprocess.run([*command, url, *arguments], capture_output=True, text=True, timeout=20, check=False)
    assert done.stderr == ""
    return done.stdout.split()


def test_parent_and_child_both_go_on(database_url: str) -> None:
    script = """
    client.submit(type="test_job").wait()
    child = in_child(lambda: print(client.submit(type="test_job").wait().status, flush=True))
    here = client.submit(type="test_job").wait().status
    print(ended(child), here, len(list(client.list())))
    """
    assert run(database_url, script) == ["completed", "0", "completed", "3"]


def test_what_runs_in_the_parent_stays_there(database_url: str) -> None:
    script = """
    job = client.submit(type="test_job", payload={"seconds": 2})
    while job.refresh().status != "processing": time.sleep(0.01)
    ended(in_child(lambda: client.submit(type="test_job").wait()))
    print(job.wait().status, *(event.kind for event in job.events()))
    """
    assert run(database_url, script) == ["completed", "accepted", "started", "completed"]


def test_a_child_sees_how_the_parents_job_ends(database_url: str) -> None:
    script = """
    job = client.submit(type="test_job", payload={"seconds": 1})
    while job.refresh().status != "processing": time.sleep(0.01)
    child = in_child(lambda: print(job.wait().status, job.job.attempts, flush=True))
    print(ended(child))
    """
    assert run(database_url, script) == ["completed", "1", "0"]


def test_forks_at_any_moment_harm_nobody(database_url: str) -> None:
    script = """
    jobs = client.submit_many([client.request(type="test_job", payload={"steps": 3}) for _ in range(300)])
    children = [in_child(lambda: (client.submit(type="test_job").wait(), client.close())) for _ in range(5)]
    print(*(ended(child) for child in children))
    print(*{job.wait().status for job in jobs}, {job.job.attempts for job in jobs}, len(list(client.list())))
    """
    assert run(database_url, script) == ["0"] * 5 + ["completed", "{1}", "305"]


def test_no_file_of_the_database_is_open_at_the_moment_of_a_fork(tmp_path: Path) -> None:
    script = """
    client.submit(type="test_job").wait()
    database = {os.stat(sys.argv[2] + "/" + name).st_ino for name in os.listdir(sys.argv[2])}
    def open_files():
        for number in range(100):
            with contextlib.suppress(OSError):
                yield os.fstat(number).st_ino
    print(len(database), len(database & set(open_files())), flush=True)
    ended(in_child(lambda: print(len(database & set(open_files())), flush=True)))
    """
    assert run(f"sqlite:///{tmp_path}/jobs.db", script, str(tmp_path)) == ["3", "3", "0"]


def test_a_fork_waits_for_whoever_uses_the_database(database_url: str) -> None:
    database = Database(database_url)
    migrate(database)
    forking = threading.Thread(target=lambda: subprocess.run(["true"], preexec_fn=int, check=True))
    with database.writing():
        forking.start()
        forking.join(0.2)
        assert forking.is_alive()
    forking.join()
    database.close()
