"""However a call ends, its connection is closed, and nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from pydantic import SecretStr

import aijobs_sdk as aijobs
from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.provider import Provider
from aijobs_sdk.providers.credentials import AnthropicKeys, BedrockKeys, Credentials, OpenAIKeys, VertexKeys
from aijobs_sdk.providers.registry import open_providers
from providers.contract.stage import ADAPTERS, PROMPT, Stage
from providers.loopback import Loopback, cut, loopback, silence, whole

KEY = "sk-0123456789abcdef"


def test_a_caller_who_leaves_ends_the_answer(stage: Stage) -> None:
    async def leave() -> set[asyncio.Task[object]]:
        before = asyncio.all_tasks()
        async with aclosing(stage.adapter.stream(stage.request())) as chunks:
            await anext(chunks)
        await stage.adapter.aclose()
        left = asyncio.all_tasks() - before  # a vendor's library may leave generators to the loop, which closes them
        return (await asyncio.wait(left, timeout=1))[1] if left else left

    assert stage.run(leave) == set()
    assert [call.read_to_end for call in stage.sim.calls] == [False]


def test_a_cancelled_call_ends_the_answer(stage: Stage) -> None:
    stage.sim.on().do(aijobs.fail("stall", after_tokens=5))

    async def cancel() -> set[asyncio.Task[object]]:
        before = asyncio.all_tasks()
        call = asyncio.create_task(stage.answer(stage.request()))
        await asyncio.sleep(20)
        call.cancel()
        await asyncio.wait([call])
        await stage.adapter.aclose()
        return asyncio.all_tasks() - before

    assert stage.run(cancel) == set()
    assert [call.read_to_end for call in stage.sim.calls] == [False]


def test_after_a_failure_the_next_call_is_as_good_as_any(stage: Stage) -> None:
    stage.sim.on().do(aijobs.fail("reset", after_tokens=5), aijobs.ok("All is well."))

    async def both() -> str:
        with pytest.raises(ProviderError):
            await stage.answer(stage.request())
        return (await stage.answer(stage.request(attempt=2))).text

    assert stage.run(both) == "All is well."


class TestSockets:
    """The same over real sockets of this machine."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def anyio_backend(self) -> str:
        """Sockets keep real time."""
        return "asyncio"

    @pytest.fixture(params=ADAPTERS)
    async def called(self, request: pytest.FixtureRequest) -> AsyncIterator[_Called]:
        """An adapter on its way to a server that says nothing."""
        async with loopback(silence) as server:
            yield _Called(Stage(request.param), server)

    async def test_cancelling_closes_the_connection(self, called: _Called) -> None:
        call = asyncio.create_task(called.ask())
        await called.server.asked(1)
        call.cancel()
        await asyncio.wait_for(called.server.hung_up.wait(), 5)
        await called.adapter.aclose()

    async def test_closing_leaves_no_task_and_no_socket(self, called: _Called) -> None:
        call = asyncio.create_task(called.ask())
        await called.server.asked(1)
        call.cancel()
        await asyncio.wait([call])
        await called.adapter.aclose()
        gc.collect()  # a session or a socket that nobody closed would warn, and fail the test
        assert not [task for task in asyncio.all_tasks() if "aijobs" in task.get_name()]

    @pytest.mark.parametrize("provider", ADAPTERS)
    async def test_a_key_and_a_prompt_are_logged_by_nobody(
        self, provider: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        said = f'{{"error": {{"message": "{KEY} said {PROMPT}"}}}}'.encode()
        async with loopback(whole(said, status="401 Unauthorized")) as server:
            called = _Called(Stage(provider), server)
            with pytest.raises(ProviderError) as raised:
                await called.ask()
            await called.adapter.aclose()
        shown = f"{raised.value} {raised.value!r} {vars(raised.value)} {raised.value.__cause__!r}"
        assert raised.value.code == "invalid_api_key"
        assert KEY not in shown + caplog.text
        assert PROMPT not in shown

    @pytest.mark.parametrize("provider", ["openai", "anthropic", "bedrock"])
    @pytest.mark.parametrize("echo", [KEY, f"key-{KEY}.is.wrong", KEY[:12]])
    async def test_a_key_that_is_echoed_where_a_name_should_stand_is_not_shown(self, provider: str, echo: str) -> None:
        said = (
            f'{{"error": {{"code": "{echo}", "param": "{echo}", "type": "{echo}"}}, "request_id": "{echo}"}}'.encode()
        )
        headers = f"request-id: {echo}\r\nx-amzn-errortype: {echo}\r\n"
        async with loopback(whole(said, status="401 Unauthorized", headers=headers)) as server:
            called = _Called(Stage(provider), server)
            with pytest.raises(ProviderError) as raised:
                await called.ask()
            await called.adapter.aclose()
        assert raised.value.code == "invalid_api_key"
        assert KEY[:12] not in str(raised.value)

    @pytest.mark.parametrize("provider", ADAPTERS)
    @pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"])
    @pytest.mark.parametrize("streamed", [True, False])
    async def test_who_leads_elsewhere_is_not_followed_and_asked_at_a_wrong_address(
        self, provider: str, status: str, streamed: bool
    ) -> None:
        headers = "location: http://127.0.0.1:1/\r\n"
        async with loopback(whole(b"<html>", status=status, headers=headers)) as server:
            called = _Called(Stage(provider), server, streamed=streamed)
            with pytest.raises(ProviderError, match="base URL") as raised:
                await called.ask()
            await called.adapter.aclose()
        assert (raised.value.code, raised.value.retryable) == ("bad_request", False)
        assert status[:3] in str(raised.value)

    @pytest.mark.parametrize("provider", ADAPTERS)
    async def test_a_connection_that_breaks_is_told_as_that(self, provider: str) -> None:
        async with loopback(cut) as server:
            called = _Called(Stage(provider), server)
            with pytest.raises(ProviderError) as raised:
                await called.ask()
            await called.adapter.aclose()
        assert (raised.value.code, raised.value.retryable) == ("connection_reset", True)


class _Called:
    def __init__(self, stage: Stage, server: Loopback, *, streamed: bool = False) -> None:
        self.server = server
        self.request = stage.request(streamed=streamed, endpoint=None)
        self.adapter: Provider = open_providers(_leading_to(server.url)).ready[stage.provider]

    async def ask(self) -> None:
        """Take in the answer."""
        async with aclosing(self.adapter.stream(self.request)) as chunks:
            async for _ in chunks:
                pass


def _leading_to(url: str) -> Credentials:
    key = SecretStr(KEY)
    return Credentials(
        openai=OpenAIKeys(api_key=key, base_url=f"{url}/v1"),
        anthropic=AnthropicKeys(api_key=key, base_url=url),
        bedrock=BedrockKeys(access_key_id=key, secret_access_key=key, base_url=url),
        vertex=VertexKeys(project="made-up", is_anonymous=True, base_url=url),
    )
