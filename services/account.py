"""The account that servers run under: some refuse to run as root."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True)
class Account:
    """A user of this machine: ourselves, or for root somebody with fewer rights."""

    user: int
    group: int

    @classmethod
    def for_servers(cls) -> Account:
        """Return the one to use here.

        Raises:
            RuntimeError: we are root, and there is nobody else.
        """
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        for name in ("postgres", "nobody"):
            with suppress(KeyError):
                found = pwd.getpwnam(name)
                return cls(found.pw_uid, found.pw_gid)
        raise RuntimeError("Servers do not run as root, and there is no other account for them: useradd postgres.")

    def start(self, command: Sequence[str | Path], *, folder: Path, log: IO[bytes] | int) -> subprocess.Popen[bytes]:
        """Start a program in a folder, where no Ctrl-C of ours reaches it.

        Raises:
            PermissionError: the program or the folder is out of the account's reach.
        """
        other = self.user != os.geteuid()
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            user=self.user if other else None,
            group=self.group if other else None,
            extra_groups=[] if other else None,
        )

    def own(self, folder: Path) -> None:
        """Give it a folder with all that is in it."""
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self.user, self.group)
