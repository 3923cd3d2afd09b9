"""`python -m server.hostile.hosting` serves a world in memory, to be weighed, until its standard input ends."""

from __future__ import annotations

import json
import sys

from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.server import serving as serving_module
from aijobs_sdk.server.app import create_app
from aijobs_sdk.server.limits import ServerLimits
from aijobs_sdk.server.serving import serving
from server.server_worlds import OURS, THEIRS, KeyRing, new_backend


def main(settings: str) -> None:
    """Serve with these limits; say the port, and one key for each of two tenants."""
    asked = json.loads(settings)
    serving_module.HEAD_SECONDS = asked.pop("head_seconds", serving_module.HEAD_SECONDS)
    keys = KeyRing()
    app = create_app(new_backend(SystemClock()).acting_for, keys=keys, limits=ServerLimits(**asked))
    with serving(app) as url:
        sys.stdout.write(json.dumps([int(url.rpartition(":")[2]), keys.cut(OURS), keys.cut(THEIRS)]) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
