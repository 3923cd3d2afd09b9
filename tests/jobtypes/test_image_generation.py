"""Pictures: how they are asked for, kept and paid."""

from __future__ import annotations

import asyncio
import io
import socket
import sqlite3
import struct
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, assert_type
from urllib.request import urlopen
from uuid import UUID

import fsspec  # type: ignore[import-untyped]
import pytest
from PIL import Image

import aijobs_sdk as aijobs
from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import ConfigurationError, InvalidRequestError, ProviderError
from aijobs_sdk.contract.events import StatusEvent
from aijobs_sdk.contract.job import Caller, Job, JobRequest, JobStatus
from aijobs_sdk.contract.provider import ImageRequest, Picture
from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.contract.results import ImageResult
from aijobs_sdk.contract.store import Store
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.engine.context import World
from aijobs_sdk.engine.job_type import JobTypes
from aijobs_sdk.engine.limits import Limits
from aijobs_sdk.jobtypes.artifacts import Artifacts, Folder, open_artifacts
from aijobs_sdk.jobtypes.image_generation import image_generation
from aijobs_sdk.jobtypes.latency import latency_text
from aijobs_sdk.jobtypes.pixels import read_pixels
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.journal import Call
from aijobs_sdk.simulation.picture import draw_picture
from aijobs_sdk.simulation.provider import SimulatedProvider
from aijobs_sdk.simulation.virtual_time import VirtualClock
from aijobs_sdk.stores.memory import MemoryStore
from aijobs_sdk.stores.sql.store import SqlStore

OURS = Caller(tenant_id=UUID(int=1), user_id=UUID(int=10))
THEIRS = Caller(tenant_id=UUID(int=2), user_id=UUID(int=20))
SIZES = {"1024x1024": (1024, 1024), "1024x1536": (1024, 1536), "1536x1024": (1536, 1024)}
PNG = draw_picture("a red fox", Simulation().draws_of_job("job", "image/0"), 64, 32)


class Studio:
    """Jobs that draw, and where their pictures are kept."""

    def __init__(self, store: Store, artifacts: Artifacts, provider: Any = None) -> None:
        clock = VirtualClock()
        self.sim = Simulation(7, "fast")
        self.store = store
        self.providers = {"openai": provider or SimulatedProvider("openai", self.sim, clock)}
        self.world = World(
            store=store,
            providers=self.providers,
            clock=clock,
            chance=Chance(1),
            limits=Limits(),
        )
        self.types = JobTypes([image_generation(ModelTable.load(), artifacts)])
        self.backends: list[LocalBackend] = []

    def backend(self, caller: Caller = OURS) -> LocalBackend:
        self.backends.append(LocalBackend(world=self.world, types=self.types, caller=caller))
        return self.backends[-1]

    async def draw(self, prompt: str = "a red fox", *, caller: Caller = OURS, **payload: object) -> Job:
        """Return the job as it ended."""
        backend = self.backend(caller)
        request = JobRequest(type="image_generation", payload={"prompt": prompt, **payload})
        [job] = await backend.submit([request])
        async for _ in backend.events(job.id):
            pass
        return await backend.get(job.id)

    async def usage(self) -> list[UsageRow]:
        backend, now = self.backend(), self.world.clock.now()
        return [*await backend.usage(since=now.replace(year=2025), until=now.replace(year=2027))]

    async def aclose(self) -> None:
        for backend in self.backends:
            await backend.aclose()


class FailsOnce:
    """Keeps files like the place it stands for, and fails once, after it has kept one, or that many bytes of it."""

    def __init__(self, place: Artifacts, *, after_bytes: int | None = None) -> None:
        self._place = place
        self._after_bytes = after_bytes
        self.failed = False

    async def check(self) -> None:
        await self._place.check()

    async def load(self, name: str) -> bytes | None:
        return await self._place.load(name)

    def url_of(self, name: str) -> str:
        return self._place.url_of(name)

    async def save(self, name: str, data: bytes) -> str:
        url = await self._place.save(name, data if self.failed else data[: self._after_bytes])
        if not self.failed:
            self.failed = True
            raise ProviderError("Gone.", code="gone", category=ErrorCategory.PROVIDER, provider="x", retryable=True)
        return url


class BreaksOff(SimulatedProvider):
    """Fails the first attempt at one picture: when those that were asked for at the same time are there, or sooner."""

    def __init__(self, studio: Studio, *, at: str, after_seconds: float = 60) -> None:
        super().__init__("openai", studio.sim, studio.world.clock)
        self._at = at
        self._after_seconds = after_seconds

    async def draw(self, request: ImageRequest) -> Picture:
        if request.attempt == 1 and request.draw_key.endswith(self._at):
            await asyncio.sleep(self._after_seconds)
            raise ProviderError("Gone.", code="gone", category=ErrorCategory.PROVIDER, provider="x", retryable=True)
        return await super().draw(request)


class Sends:
    """A provider whose pictures are these bytes."""

    name = "openai"

    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self, request: object) -> AsyncIterator[object]:
        raise NotImplementedError

    async def draw(self, request: ImageRequest) -> Picture:
        return Picture(data=self._data, media_type="image/png", input_tokens=1, output_tokens=2)

    async def aclose(self) -> None:
        pass


class RefusesTheSecond(Sends):
    """A provider that refuses the second picture while the others are still being drawn, which they are for ever."""

    def __init__(self) -> None:
        super().__init__(PNG)
        self.asked = self.ended = 0

    async def draw(self, request: ImageRequest) -> Picture:
        self.asked += 1
        if self.asked == 2:
            raise ProviderError(
                "No.",
                code="content_filtered",
                category=ErrorCategory.CONTENT_FILTER,
                provider="openai",
                retryable=False,
            )
        try:
            await asyncio.Event().wait()
        finally:
            self.ended += 1
        return await super().draw(request)


@pytest.fixture
def art(tmp_path: Path) -> Path:
    return tmp_path / "art"


@pytest.fixture
def in_the_way(art: Path) -> None:
    art.write_text("no folder")


@pytest.fixture(params=[None, "sqlite", "postgresql"], ids=str)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str | None:
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgres_url")
        return url
    return request.param and f"sqlite:///{tmp_path}/jobs.db"


@pytest.fixture
async def studio(art: Path) -> AsyncIterator[Studio]:
    opened = Studio(MemoryStore(VirtualClock()), open_artifacts(str(art)))
    yield opened
    await opened.aclose()


@pytest.fixture
async def any_studio(database_url: str | None, art: Path) -> AsyncIterator[Studio]:
    clock = VirtualClock()
    store = MemoryStore(clock) if database_url is None else SqlStore(database_url, clock, shared=False)
    opened = Studio(store, open_artifacts(str(art)))
    yield opened
    await opened.aclose()


def result_of(job: Job) -> ImageResult:
    assert job.status is JobStatus.COMPLETED, job.error
    return ImageResult.model_validate(job.result)


def code_of(job: Job) -> str | None:
    return None if job.error is None else job.error.code


def bytes_at(url: str) -> bytes:
    data: bytes = urlopen(url).read()
    return data


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def most_at_once(calls: list[Call]) -> int:
    # Instants are rounded to microseconds: a call may seem to begin before the end of the one it waited for.
    spans = [(call.started_at_seconds or 0.0, (call.ends_at_seconds or 0.0) - 0.001) for call in calls]
    return max(sum(began <= at < ended for began, ended in spans) for at, _ in spans)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def encoded(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 32), "red").save(out, kind)
    return out.getvalue()


@pytest.mark.anyio
async def test_the_stages_are_told_in_order(studio: Studio) -> None:
    job = await studio.draw(n=2)

    events = [event async for event in studio.backend().events(job.id)]
    told = [(event.progress, event.message) for event in events if isinstance(event, StatusEvent)]
    assert told[2:] == [
        (0, "Starting"),
        (5, "Processing"),
        (47, "Processing"),
        (90, "Rendering"),
        (100, "Completed"),
    ]


@pytest.mark.anyio
@pytest.mark.parametrize("size", SIZES)
async def test_a_picture_is_a_file_of_the_size_that_was_asked_for(studio: Studio, size: str) -> None:
    [image] = result_of(await studio.draw(size=size)).images

    picture = Image.open(io.BytesIO(bytes_at(image.url)))
    assert (picture.format, picture.size) == ("PNG", SIZES[size])
    assert (image.media_type, (image.width, image.height)) == ("image/png", SIZES[size])


@pytest.mark.anyio
async def test_pictures_and_usage_are_stored_with_the_job(any_studio: Studio) -> None:
    job = await any_studio.draw(n=2, size="1024x1536", quality="low")

    result, stored = result_of(job), await any_studio.store.images(OURS.tenant_id, job.id)
    assert [(one.id, one.url, one.user_id) for one in stored] == [
        (one.id, one.url, OURS.user_id) for one in result.images
    ]
    [row] = await any_studio.usage()
    assert (row.query_type, row.model, row.provider) == ("image_generation", "gpt-image-2", "openai")
    assert (row.input_tokens, row.output_tokens, row.credits_used) == (6, 316, result.credits_used)
    told = dict(row.metadata)
    assert job.started_at is not None
    assert 0 < Decimal(str(told.pop("latency_seconds"))) <= Decimal(latency_text(job.started_at, row.created_at))
    assert told == {
        "job_id": str(job.id),
        "image_ids": [str(one.id) for one in result.images],
        "size": "1024x1536",
        "quality": "low",
        "n": 2,
        "metered_credits": format(result.metered_credits, "f"),
        "attempts": 1,
        "reused": 0,
    }


@pytest.mark.anyio
async def test_a_job_that_fails_leaves_no_record(any_studio: Studio) -> None:
    any_studio.sim.on().do(aijobs.fail("content_filter"))

    job = await any_studio.draw(n=2)

    assert code_of(job) == "content_filtered"
    assert list(await any_studio.store.images(OURS.tenant_id, job.id)) == []
    assert await any_studio.usage() == []


@pytest.mark.anyio
async def test_each_picture_is_a_call_of_its_own_two_at_a_time(studio: Studio) -> None:
    images = result_of(await studio.draw(n=4)).images

    calls = [*studio.sim.calls]
    assert (len(calls), len({call.step for call in calls}), most_at_once(calls)) == (4, 4, 2)
    assert len({bytes_at(image.url) for image in images}) == 4


@pytest.mark.anyio
async def test_an_attempt_that_fails_after_it_kept_a_picture_is_followed_by_one_set(art: Path) -> None:
    artifacts = FailsOnce(Folder(art))
    studio = Studio(MemoryStore(VirtualClock()), artifacts)

    job = await studio.draw(n=2)

    urls = [image.url for image in result_of(job).images]
    assert (artifacts.failed, job.attempts) == (True, 2)
    assert [path.as_uri() for path in files_in(art)] == urls
    assert len(await studio.store.images(OURS.tenant_id, job.id)) == 2
    assert len(await studio.usage()) == 1
    await studio.aclose()


@pytest.mark.anyio
async def test_pictures_that_are_there_are_not_drawn_again(studio: Studio) -> None:
    studio.providers["openai"] = BreaksOff(studio, at="/3")

    job = await studio.draw(n=3)

    assert (job.attempts, len(list(studio.sim.calls)), len({call.step for call in studio.sim.calls})) == (2, 3, 3)
    assert len({bytes_at(image.url) for image in result_of(job).images}) == 3
    assert [row.metadata["reused"] for row in await studio.usage()] == [2]


@pytest.mark.anyio
async def test_a_picture_that_is_being_drawn_when_another_fails_is_paid_once(studio: Studio) -> None:
    studio.providers["openai"] = BreaksOff(studio, at="/1", after_seconds=0)

    job = await studio.draw(n=4)

    assert (job.attempts, [call.read_to_end for call in studio.sim.calls]) == (2, [True] * 4)
    assert [row.metadata["reused"] for row in await studio.usage()] == [1]


@pytest.mark.anyio
@pytest.mark.parametrize("place", ["art", "memory://reused"])
async def test_a_picture_that_an_earlier_attempt_drew_is_counted_once(tmp_path: Path, place: str) -> None:
    kept = open_artifacts(place if "://" in place else str(tmp_path / place))
    studio, calm = (Studio(MemoryStore(VirtualClock()), each) for each in (FailsOnce(kept), kept))

    again, once = await studio.draw(), await calm.draw()

    assert (again.attempts, len(list(studio.sim.calls))) == (2, 1)
    assert result_of(again).images[0].url == kept.url_of(f"{OURS.tenant_id}/{again.id}/1.png")
    paid = [(one.input_tokens, one.output_tokens, one.metered_credits) for one in map(result_of, (again, once))]
    assert paid[0] == paid[1]
    await studio.aclose()
    await calm.aclose()


@pytest.mark.anyio
async def test_a_part_of_a_picture_is_drawn_again(art: Path) -> None:
    studio = Studio(MemoryStore(VirtualClock()), FailsOnce(Folder(art), after_bytes=100))

    job = await studio.draw()

    assert (job.attempts, len(list(studio.sim.calls))) == (2, 2)
    assert read_pixels(bytes_at(result_of(job).images[0].url), provider="x") == ("image/png", 1024, 1024)
    await studio.aclose()


@pytest.mark.anyio
async def test_tenants_are_apart(studio: Studio, art: Path) -> None:
    ours, theirs = await studio.draw(), await studio.draw(caller=THEIRS)

    assert [path.relative_to(art).parts for path in files_in(art)] == [
        (str(OURS.tenant_id), str(ours.id), "1.png"),
        (str(THEIRS.tenant_id), str(theirs.id), "1.png"),
    ]
    assert list(await studio.store.images(OURS.tenant_id, theirs.id)) == []


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("payload", "field", "says"),
    [
        ({"prompt": ""}, "payload.prompt", "an empty text"),
        ({"prompt": " \n"}, "payload.prompt", "white space"),
        ({"prompt": "x" * 32_001}, "payload.prompt", "at most 32,000"),
        ({"model": "gpt-5.2"}, "payload.model", "makes texts"),
        ({"model": "gpt-image"}, "payload.model", "gpt-image-2"),
        ({"size": "1x1"}, "payload.size", "1024x1536"),
        ({"quality": "best"}, "payload.quality", "medium"),
        ({"n": 0}, "payload.n", "greater"),
        ({"n": 5}, "payload.n", "less"),
        ({"user_id": "me"}, "payload.user_id", "UUID"),
        ({"estimated_credits": "-1"}, "payload.estimated_credits", "greater"),
        ({"siez": "1024x1024"}, "payload.siez", "size"),
    ],
)
async def test_a_bad_payload_is_refused_by_its_field(
    studio: Studio, payload: dict[str, object], field: str, says: str
) -> None:
    request = JobRequest(type="image_generation", payload={"prompt": "a red fox", **payload})
    with pytest.raises(InvalidRequestError) as refused:
        await studio.backend().submit([request])

    [problem] = refused.value.fields
    assert problem.field == field
    assert says in problem.problem


@pytest.mark.anyio
async def test_a_table_without_a_model_that_draws_says_so(studio: Studio, art: Path) -> None:
    texts = ModelTable([model for model in ModelTable.load() if model.kind == "text"], usd_per_credit=Decimal("0.01"))
    studio.types = JobTypes([image_generation(texts, Folder(art))])

    with pytest.raises(InvalidRequestError, match="no model of the table draws"):
        await studio.draw()


@pytest.mark.anyio
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("quality", ["low", "medium", "high"])
async def test_what_is_quoted_is_what_is_metered(studio: Studio, size: str, quality: str) -> None:
    job = await studio.draw(n=2, size=size, quality=quality)

    result = result_of(job)
    assert result.credits_used == result.metered_credits > 0
    assert job.payload["estimated_credits"] == format(result.metered_credits, "f")


@pytest.mark.anyio
async def test_an_estimate_is_what_the_job_then_costs(studio: Studio) -> None:
    request = JobRequest(type="image_generation", payload={"prompt": "a red fox", "n": 2})
    [estimate] = await studio.backend().estimate([request])

    result = result_of(await studio.draw(n=2))
    assert (estimate.input_tokens, estimate.output_tokens) == (result.input_tokens, result.output_tokens) == (6, 3512)
    assert estimate.credits == result.credits_used == Decimal("11.592900")


@pytest.mark.anyio
async def test_what_the_user_was_quoted_is_billed(studio: Studio) -> None:
    result = result_of(await studio.draw(estimated_credits="2.5"))

    assert (result.credits_used, result.metered_credits) == (Decimal("2.5"), Decimal("5.796450"))
    assert [row.credits_used for row in await studio.usage()] == [Decimal("2.5")]


@pytest.mark.anyio
async def test_pictures_belong_to_the_user_that_the_payload_names(studio: Studio) -> None:
    job = await studio.draw(user_id=str(UUID(int=11)))

    assert [one.user_id for one in await studio.store.images(OURS.tenant_id, job.id)] == [UUID(int=11)]
    assert [row.user_id for row in await studio.usage()] == [UUID(int=11)]


@pytest.mark.anyio
async def test_a_rate_limit_is_waited_for(studio: Studio) -> None:
    studio.sim.on().do(aijobs.fail(429, retry_after=20))

    job = await studio.draw()

    assert (job.status, job.attempts) == (JobStatus.COMPLETED, 2)
    assert asyncio.get_running_loop().time() >= 20


@pytest.mark.anyio
async def test_one_picture_that_fails_ends_the_others(art: Path) -> None:
    provider = RefusesTheSecond()
    studio = Studio(MemoryStore(VirtualClock()), Folder(art), provider)

    job = await studio.draw(n=4)

    assert (code_of(job), job.attempts, provider.ended) == ("content_filtered", 1, provider.asked - 1)
    await studio.aclose()


@pytest.mark.anyio
@pytest.mark.parametrize("data", [b"", b"not a picture", PNG[:-1], PNG[:40], encoded("JPEG")[:200], encoded("GIF")])
async def test_what_is_no_picture_is_asked_for_again(art: Path, data: bytes) -> None:
    studio = Studio(MemoryStore(VirtualClock()), Folder(art), Sends(data))

    job = await studio.draw()

    assert (code_of(job), job.attempts) == ("invalid_response", 3)
    assert files_in(art) == []
    await studio.aclose()


@pytest.mark.anyio
async def test_a_picture_of_another_size_is_kept_as_what_it_is_and_told(
    art: Path, caplog: pytest.LogCaptureFixture
) -> None:
    studio = Studio(MemoryStore(VirtualClock()), Folder(art), Sends(encoded("PNG")))
    with caplog.at_level("WARNING", "aijobs.images"):
        [image] = result_of(await studio.draw("my secret fox", size="1536x1024")).images
    await studio.aclose()

    assert (image.width, image.height) == (64, 32)
    assert caplog.messages == ["picture 1 is 64x32, and 1536x1024 was asked of gpt-image-2: the result says what it is"]


@pytest.mark.anyio
async def test_a_folder_that_cannot_be_made_fails_the_job_before_anybody_is_asked(
    studio: Studio, art: Path, in_the_way: None
) -> None:
    job = await studio.draw()

    assert job.error is not None
    assert (job.error.code, job.error.category, job.error.retryable) == (
        "artifacts_unavailable",
        ErrorCategory.DEPENDENCY,
        False,
    )
    assert str(art) in job.error.message
    assert list(studio.sim.calls) == []


@pytest.mark.anyio
async def test_a_job_that_is_cancelled_leaves_no_record(studio: Studio) -> None:
    studio.sim.on().do(aijobs.fail("timeout"))
    backend = studio.backend()
    [job] = await backend.submit([JobRequest(type="image_generation", payload={"prompt": "a red fox"})])
    await asyncio.sleep(3)

    await backend.cancel(job.id)

    events = [event async for event in backend.events(job.id)]
    assert events[-1].kind == "cancelled"
    assert [call.read_to_end for call in studio.sim.calls] == [False]
    assert list(await studio.store.images(OURS.tenant_id, job.id)) == []


@pytest.mark.anyio
async def test_a_provider_that_draws_nothing_is_told(art: Path) -> None:
    studio = Studio(MemoryStore(VirtualClock()), Folder(art), SimpleNamespace(name="openai", aclose=Sends(b"").aclose))

    assert code_of(await studio.draw()) == "unsupported"
    await studio.aclose()


def test_a_worker_that_is_killed_after_it_kept_the_picture_leaves_one_record(tmp_path: Path) -> None:
    url, art = f"sqlite:///{tmp_path}/jobs.db", tmp_path / "art"
    killed = subprocess.run([sys.executable, "-c", KILLED, url, art], capture_output=True, text=True, check=False)
    left_behind = files_in(art)

    limits = aijobs.Limits(lease_seconds=3)
    with aijobs.Client(url, artifacts=art, limits=limits) as client:
        job = client.job(killed.stdout.strip())
        result = job.result(timeout=30)
        assert job.job.attempts == 2
        assert len(client.usage()) == 1
    assert (killed.returncode, killed.stderr) == (9, "")
    assert [image.url for image in result.images] == [path.as_uri() for path in files_in(art)]
    assert left_behind == files_in(art)
    assert count_of_images(tmp_path / "jobs.db") == 1


KILLED = """
import os, sys
import aijobs_sdk as aijobs
from aijobs_sdk.jobtypes.artifacts import Folder
keep = Folder._save
def keep_and_die(self, name, data):
    keep(self, name, data)
    os._exit(9)
Folder._save = keep_and_die
client = aijobs.Client(sys.argv[1], artifacts=sys.argv[2], limits=aijobs.Limits(lease_seconds=1))
job = client.submit("a red fox", type="image_generation")
print(job.id, flush=True)
job.wait()
"""


def count_of_images(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        [[count]] = connection.execute("SELECT count(*) FROM images")
    connection.close()
    return int(count)


def test_without_pillow_the_error_names_the_extra(tmp_path: Path) -> None:
    code = """
import sys; sys.modules["PIL"] = None
import aijobs_sdk as aijobs
print(aijobs.Client().submit("a red fox", type="image_generation").wait().error.message)
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "pip install 'aijobs-sdk[images]'" in ended.stdout


@pytest.mark.anyio
async def test_pictures_are_kept_where_fsspec_reaches() -> None:
    studio = Studio(MemoryStore(VirtualClock()), open_artifacts("memory://pictures/of/tests/"))

    job = await studio.draw()

    [image] = result_of(job).images
    assert image.url == f"memory://pictures/of/tests/{OURS.tenant_id}/{job.id}/1.png"
    with fsspec.open(image.url) as file:
        assert read_pixels(file.read(), provider="x") == ("image/png", 1024, 1024)
    await studio.aclose()


class NoKeyError(Exception):
    """As of a library that has a tree of errors of its own."""


@pytest.mark.anyio
@pytest.mark.parametrize("scheme", ["file", "local"])
async def test_a_folder_is_made_by_whichever_of_its_names(scheme: str, tmp_path: Path) -> None:
    place = open_artifacts(f"{scheme}://{tmp_path}/pictures")

    assert await place.save("ours/1.png", b"a picture") == f"file://{tmp_path}/pictures/ours/1.png"
    assert await place.load("ours/1.png") == b"a picture"


class Keyless(fsspec.AbstractFileSystem):  # type: ignore[misc]
    """An object store that finds no key to write with."""

    protocol = "keyless"

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **options: object) -> None:
        raise NoKeyError("secret")


@pytest.mark.anyio
async def test_whatever_a_library_raises_says_that_nothing_can_be_kept_there() -> None:
    fsspec.register_implementation("keyless", Keyless, clobber=True)
    studio = Studio(MemoryStore(VirtualClock()), open_artifacts("keyless://bucket"))
    job = await studio.draw()
    await studio.aclose()
    assert code_of(job) == "artifacts_unavailable"
    assert job.error is not None
    assert "keyless://bucket (NoKeyError)" in job.error.message
    assert "secret" not in job.error.message


@pytest.mark.anyio
async def test_a_place_that_does_not_answer_is_named_without_its_password(art: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    artifacts = open_artifacts(f"ftp://me:secret@127.0.0.1:{port}/pictures")

    with pytest.raises(ProviderError) as raised:
        await artifacts.check()

    assert (raised.value.code, raised.value.retryable) == ("artifacts_unavailable", True)
    assert f"ftp://127.0.0.1:{port}/pictures" in raised.value.message
    assert "secret" not in raised.value.message


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("nowhere://bucket/x", "'nowhere'"),
        ("memory://bucket?key=secret", "`?`"),
        ("sftp://me:secret@host/x", "paramiko"),
        ("file://pictures", "a third `/`"),
        ("file://elsewhere/pictures", "a third `/`"),
        ("file:///pictures?key=secret", "`%3F`"),
        ("file:///pictures#1", "`%23`"),
        ("file://", "no folder"),
        ("s3://[::1/pictures", "is no URL"),
        ("ftp://me:sec/ret@host/x", "is no URL"),
        ("ftp://me:sec/secret@host/x", "`%2F`"),
    ],
)
def test_a_place_that_cannot_be_used_is_refused_when_the_client_is_made(place: str, says: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        aijobs.Client(artifacts=place)

    assert says in refused.value.message
    assert "secret" not in refused.value.message


def test_a_home_that_nobody_knows_is_named() -> None:
    with pytest.raises(InvalidRequestError, match="~nobody-of-this-name"):
        aijobs.Client(artifacts="~nobody-of-this-name/pictures")


def test_without_fsspec_the_error_names_the_extra() -> None:
    code = """
import importlib.util as util
found = util.find_spec
util.find_spec = lambda name, package=None: None if name == "fsspec" else found(name, package)
import aijobs_sdk; aijobs_sdk.Client(artifacts="s3://bucket/x")
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'aijobs-sdk[artifacts]'" in ended.stderr.splitlines()[-1]


def test_a_folder_needs_no_fsspec(tmp_path: Path) -> None:
    code = """
import sys; sys.modules["fsspec"] = None
import aijobs_sdk; print(aijobs_sdk.Client().submit("a red fox", type="image_generation").result().images[0].url)
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert [path.as_uri() for path in files_in(tmp_path / "aijobs-artifacts")] == [ended.stdout.strip()]


@pytest.mark.parametrize("form", [str, Path.as_uri], ids=["path", "file"])
def test_a_folder_is_named_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: Any) -> None:
    monkeypatch.setenv("AIJOBS_ARTIFACTS", form(tmp_path / "a place"))
    with aijobs.Client() as client:
        result = client.submit("a red fox", type="image_generation").result()

    assert_type(result, aijobs.ImageResult)
    assert [path.as_uri() for path in files_in(tmp_path / "a place")] == [result.images[0].url]


def test_what_the_call_says_comes_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIJOBS_ARTIFACTS", str(tmp_path / "environment"))
    with aijobs.Client(artifacts=tmp_path / "call") as client:
        client.submit("a red fox", type="image_generation").result()

    assert (len(files_in(tmp_path / "call")), len(files_in(tmp_path / "environment"))) == (1, 0)


@pytest.mark.anyio
async def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    await folder.save("a/1.png", b"old")

    with (tmp_path / "a/1.png").open("rb") as reader:
        await folder.save("a/1.png", b"new and longer")
        assert reader.read() == b"old"
    assert [path.read_bytes() for path in files_in(tmp_path)] == [b"new and longer"]


@pytest.mark.anyio
async def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a/1.png").mkdir(parents=True)

    with pytest.raises(ProviderError, match="cannot be kept"):
        await Folder(tmp_path).save("a/1.png", b"data")

    assert files_in(tmp_path) == []


@pytest.mark.parametrize(("data", "kind"), [(PNG, "png"), (encoded("JPEG"), "jpeg"), (encoded("WEBP"), "webp")])
def test_a_picture_is_told_by_its_bytes(data: bytes, kind: str) -> None:
    assert read_pixels(data, provider="x") == (f"image/{kind}", 64, 32)


@pytest.mark.parametrize(
    "data",
    [
        PNG.replace(b"IDAT", b"IDAX"),
        PNG[:60] + bytes([PNG[60] ^ 1]) + PNG[61:],
        PNG[:8] + chunk(b"IEND", b""),
        PNG[:8] + chunk(b"IHDR", b"") + chunk(b"IDAT", b"") + chunk(b"IEND", b""),
        PNG[:8] + chunk(b"IHDR", bytes(13)) + chunk(b"IDAT", b"") + chunk(b"IEND", b""),
    ],
    ids=["wrong name", "one bit", "no head", "short head", "no pixels"],
)
def test_a_damaged_picture_is_none(data: bytes) -> None:
    with pytest.raises(ProviderError) as raised:
        read_pixels(data, provider="openai")

    assert (raised.value.code, raised.value.retryable) == ("invalid_response", True)
