"""What a notebook does in these tests: one cell that runs a batch by its name, and says what came of it."""

from __future__ import annotations

import json
import resource
import signal
import sys
from collections.abc import Mapping
from typing import Any

import aijobs_sdk as aijobs

NAME = "tasks"


def run_the_cell(url: str, tasks: list[str], options: dict[str, Any]) -> Mapping[str, object]:
    rows = [{"task": task} for task in tasks]
    largest, works = options.pop("largest_file", None), options.pop("works_itself", False)
    client = aijobs.Client(url)
    if works:  # from then on this process has workers of its own
        client.submit(type="test_job").wait()
    if largest is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that writing fails, as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    batch = client.batch(rows, prompt="{task}", model="gpt-5.2", name=NAME, **options)
    try:
        return {"contents": [row.content for row in batch.run()]}
    except aijobs.AIJobsError as error:
        return {"error": type(error).__name__, "message": str(error)}


if __name__ == "__main__":
    given = json.load(sys.stdin)
    print(json.dumps(run_the_cell(given["url"], given["tasks"], given["options"])))  # noqa: T201 - who started it reads it
