"""A real PostgreSQL on this machine, for as long as a `with` block lasts."""

from __future__ import annotations

import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from services.account import Account
from services.postgres_programs import find_programs

PATIENCE_SECONDS = 60.0
STATE_LINE = 8

# Ends the server and removes its folder when we are gone, however we went: our end of the pipe closes even on kill -9.
_LAST_RITES = 'cat; kill -QUIT "$(head -n 1 "$1/data/postmaster.pid")" && sleep 1; rm -rf "$1"'


@contextmanager
def running_postgres(*, durable: bool = True) -> Iterator[PostgresServer]:
    """Start a server with an empty cluster of its own, and leave nothing of it behind.

    What is committed survives its crash, and that of the machine only if it is durable: waiting for the disk takes most
    of the time of what does not ask for it.

    Raises:
        RuntimeError: there is no PostgreSQL on this machine, or it does not start.
    """
    server = PostgresServer(durable=durable)
    try:
        server.start()
        yield server
    finally:
        server.stop()


class PostgresServer:
    """One server, which only this machine reaches, without a password; durable as shipped (`fsync` is on), or not."""

    def __init__(self, *, durable: bool = True) -> None:
        self._settings = {} if durable else {"fsync": "off"}
        self._account = Account.for_servers()
        self._port = _free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="aijobs-postgres-"))
        self._data = self._folder / "data"
        self._log = self._folder / "log"
        self._programs = Path()
        self._process: subprocess.Popen[bytes] | None = None
        self._names = (f"fresh_{number}" for number in count(1))
        self._survivor = subprocess.Popen(
            ["/bin/sh", "-c", _LAST_RITES, "sh", self._folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is not for it
        )

    @property
    def url(self) -> str:
        """The database for administration: `new_database` gives one to work in."""
        return self._url_of("postgres")

    @property
    def pid(self) -> int:
        """The postmaster's, a new one after each start."""
        if self._process is None:
            raise RuntimeError("PostgreSQL is not running: call start() first.")
        return self._process.pid

    def new_database(self) -> str:
        """Return the address of a new and empty database; it takes some 30 ms."""
        name = next(self._names)
        self._administer(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self._url_of(name)

    def drop_database(self, url: str) -> None:
        """Remove what `new_database` returned, 8 MB at least, and end the connections to it."""
        name = url.rpartition("/")[2]
        self._administer(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def start(self) -> None:
        """Start, where it was stopped; on the first time in a new cluster."""
        if not self._data.exists():
            self._make_cluster()
        reached = {"listen_addresses": "127.0.0.1", "port": self._port, "unix_socket_directories": ""}
        settings = {**self._settings, **reached}
        arguments = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            command: list[str | Path] = [self._programs / "postgres", "-D", self._data, *arguments]
            self._process = self._account.start(command, folder=self._folder, log=log)
        self._wait_until_ready(self._process)

    def crash(self) -> None:
        """End it at once: what was not committed is lost, and the next start recovers from the log."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
        self._process.wait(PATIENCE_SECONDS)

    def restart(self) -> None:
        """Crash, and start again with the same address and data."""
        self.crash()
        self.start()

    def restart_as_replica(self) -> None:
        """Crash, and start again as what only reads, and waits for the writes of a server that sends none."""
        self.crash()
        (self._data / "standby.signal").touch()
        self.start()

    def stop(self) -> None:
        """End it for good, and remove its data."""
        try:
            self.crash()
        finally:
            self._survivor.kill()
            self._survivor.communicate()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _url_of(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}/{database}"

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)

    def _make_cluster(self) -> None:
        self._account.own(self._folder)
        self._programs = find_programs(self._account, self._folder)
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
        with self._log.open("ab") as log:
            command: list[str | Path] = [self._programs / "initdb", "-D", self._data, *options]
            made = self._account.start(command, folder=self._folder, log=log)
        if made.wait(PATIENCE_SECONDS) != 0:
            raise self._failure("initdb failed")

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while not self._is_ready(process.pid):
            if process.poll() is not None or time.monotonic() > end:
                raise self._failure("PostgreSQL does not start")
            time.sleep(0.01)

    def _is_ready(self, pid: int) -> bool:
        """Look as pg_ctl does: the file names the process, and says how far it is."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= STATE_LINE and lines[0] == str(pid) and lines[STATE_LINE - 1].strip() == "ready"

    def _failure(self, what: str) -> RuntimeError:
        return RuntimeError(f"{what}. The end of its log:\n{self._log.read_text()[-2000:]}")


def _free_port() -> int:
    # Below the ports that outgoing connections get: a client that keeps trying to reach a server that is down
    # could otherwise be given the very port, and then the server could not come back to it.
    while True:
        port = random.SystemRandom().randint(20_000, 32_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
