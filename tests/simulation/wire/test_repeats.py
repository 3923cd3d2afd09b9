"""Which calls of a caller that says nothing about itself are tries of one job."""

from __future__ import annotations

from typing import Any

import openai
import pytest

import aijobs_sdk as aijobs
from simulation.wire.vendors_in_process import Stage, a_stage


@pytest.fixture
def stage() -> Stage:
    return a_stage(profile="typical")


async def ask(stage: Stage, prompt: str = "Tell me about rivers", *, stream: bool = False, key: str = "sk-1") -> Any:
    api = openai.AsyncOpenAI(api_key=key, max_retries=0, http_client=stage.http())
    asked: Any = {"model": "gpt-5.2", "messages": [{"role": "user", "content": prompt}]}
    if not stream:
        return (await api.chat.completions.create(**asked)).choices[0].message.content
    return [chunk.choices[0].finish_reason async for chunk in await api.chat.completions.create(**asked, stream=True)][
        -1
    ]


def attempts(stage: Stage) -> list[tuple[int, str]]:
    return [(call.attempt, call.outcome) for call in stage.sim.calls]


def test_an_equal_request_after_a_broken_stream_is_the_next_try(stage: Stage) -> None:
    stage.sim.on(model="gpt-5.2").do(aijobs.fail("truncate"), aijobs.ok())
    assert stage.run(lambda: ask(stage, stream=True)) is None
    assert stage.run(lambda: ask(stage, stream=True)) == "stop"
    assert attempts(stage) == [(1, "stream_truncated"), (2, "ok")]


def test_an_equal_request_after_an_error_is_the_next_try(stage: Stage) -> None:
    stage.sim.on(model="gpt-5.2").do(aijobs.fail(503), aijobs.ok())
    with pytest.raises(openai.InternalServerError):
        stage.run(lambda: ask(stage))
    assert stage.run(lambda: ask(stage))
    assert attempts(stage) == [(1, "provider_unavailable"), (2, "ok")]


def test_an_equal_request_after_an_answer_is_a_new_job_with_the_same_answer(stage: Stage) -> None:
    stage.sim.on(model="gpt-5.2").do(aijobs.ok())
    assert stage.run(lambda: ask(stage)) == stage.run(lambda: ask(stage))
    assert attempts(stage) == [(1, "ok"), (1, "ok")]
    assert len({call.job_id for call in stage.sim.calls}) == 2


def test_another_caller_is_told_by_its_key(stage: Stage) -> None:
    stage.sim.on(model="gpt-5.2").do(aijobs.ok())
    stage.run(lambda: ask(stage, key="sk-1"))
    stage.run(lambda: ask(stage, key="sk-2"))
    assert len({call.tenant_id for call in stage.sim.calls}) == 2


def test_no_key_is_kept_anywhere(stage: Stage) -> None:
    stage.sim.on(model="gpt-5.2").do(aijobs.ok())
    stage.run(lambda: ask(stage, key="sk-very-secret"))
    assert "very-secret" not in str([call.model_dump() for call in stage.sim.calls])
