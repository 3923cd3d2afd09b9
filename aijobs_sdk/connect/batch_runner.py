"""`python -m aijobs_sdk.connect.batch_runner`: runs one batch to its end, whatever becomes of who started it."""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import signal
import sys
from collections import ChainMap

from aijobs_sdk.batch.operation.operation import Operation
from aijobs_sdk.connect.detaching import Order
from aijobs_sdk.connect.garbage import collect_seldom
from aijobs_sdk.connect.logs import show_logs
from aijobs_sdk.connect.servers import is_server, open_server
from aijobs_sdk.connect.wiring import open_backend
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.errors import AIJobsError

log = logging.getLogger("aijobs.batch")


def main() -> int:
    """Carry out the order on standard input; return 0 where the batch was run to its end, or paused."""
    collect_seldom()
    order: Order = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started this one, by a pipe
    show_logs(ChainMap(dict(os.environ), {"AIJOBS_LOG": "info"}))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for who started this one
    try:
        asyncio.run(_run(order))
    except AIJobsError as error:
        log.error("batch %r: %s", order.name, error)  # noqa: TRY400 - an outcome, of which the message says all
        return 1
    return 0


async def _run(order: Order) -> None:
    backend = _open(order)
    operation = Operation(backend, name=order.name, as_wished=True)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, _pause_soon, operation)
    try:
        await operation.run()
    finally:
        await backend.aclose()
    log.info("batch %r is %s. %s", order.name, operation.known.state, operation.known.reason)


def _open(order: Order) -> Backend:
    if is_server(order.settings.url):
        return open_server(order.settings, order.api_key)
    return open_backend(order.settings, credentials=order.credentials, models=order.models)


_pausing: set[asyncio.Task[None]] = set()


def _pause_soon(operation: Operation) -> None:
    pausing = asyncio.create_task(operation.steering.pause())
    _pausing.add(pausing)  # a loop holds its tasks weakly
    pausing.add_done_callback(_pausing.discard)


if __name__ == "__main__":
    sys.exit(main())
