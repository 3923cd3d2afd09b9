"""What a type checker knows of a call: mypy reads this file with all others, in `test_style.py`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_type

import pytest

import aijobs_sdk as aijobs


@pytest.fixture
def client() -> Iterator[aijobs.Client]:
    with aijobs.mock(), aijobs.Client() as client:
        yield client


def test_a_prompt_gives_a_generation(client: aijobs.Client) -> None:
    result = client.submit("hi", model="gpt-5.2").result()
    assert isinstance(assert_type(result, aijobs.GenerationResult), aijobs.GenerationResult)
    assert assert_type(result.content, str)


def test_another_type_of_job_gives_what_any_job_does(client: aijobs.Client) -> None:
    result = client.submit(type="test_job", payload={}).result()
    assert isinstance(assert_type(result, aijobs.JobResult), aijobs.JobResult)


def test_what_is_waited_for_has_a_status(client: aijobs.Client) -> None:
    done = aijobs.wait([client.submit("hi", model="gpt-5.2")]).done
    assert assert_type(done[0].status, aijobs.JobStatus) == "completed"


def test_a_misspelt_argument_is_refused(client: aijobs.Client) -> None:
    with pytest.raises(TypeError, match="modl"):
        client.submit("hi", modl="gpt-5.2")  # type: ignore[call-overload]
