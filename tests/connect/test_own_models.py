"""Models of the user's own: in the call, in a file, in a file that the environment names."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.connect.models import known_models, open_models
from aijobs_sdk.connect.settings import Settings
from aijobs_sdk.connect.worker import run_worker
from aijobs_sdk.contract.errors import ConfigurationError, InvalidRequestError
from aijobs_sdk.providers.model import Model, Route
from aijobs_sdk.providers.prices import Price

TOML = """
[[models]]
name = "{name}"

[[models.routes]]
provider = "{provider}"
model_id = "x"
price = {{ input = "1", output = "2", source = "our contract", as_of = 2026-11-22 }}
"""


def written(path: Path, *, name: str = "ours-1", provider: str = "ours") -> Path:
    path.write_text(TOML.format(name=name, provider=provider))
    return path


def in_python(name: str) -> Model:
    price = Price(input=Decimal(1), output=Decimal(2), source="our contract", as_of=date(2026, 11, 22))
    return Model(name=name, routes=(Route(provider="of-the-call", model_id="x", price=price),))


def test_a_client_takes_the_path_of_a_file_of_models(tmp_path: Path) -> None:
    path = written(tmp_path / "ours.toml")
    with aijobs.Client(models=path) as client:
        assert client.submit("Write a haiku", model="ours-1").result().provider == "ours"


@pytest.mark.anyio
async def test_an_async_client_takes_a_path_as_text(tmp_path: Path) -> None:
    path = written(tmp_path / "ours.toml")
    async with aijobs.AsyncClient(models=str(path)) as client:
        job = await client.submit("Write a haiku", model="ours-1")
        assert (await job.result()).provider == "ours"


def test_a_client_knows_the_models_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIJOBS_MODELS", str(written(tmp_path / "ours.toml")))
    with aijobs.Client() as client:
        assert client.submit("Write a haiku", model="ours-1").result().provider == "ours"


def test_models_of_the_call_stand_beside_those_of_the_environment_and_come_first(tmp_path: Path) -> None:
    settings = Settings.read({"AIJOBS_MODELS": str(written(tmp_path / "ours.toml"))})
    table = open_models(settings, [in_python("ours-1"), in_python("ours-2")])
    assert [table.get(name).provider for name in ("ours-1", "ours-2")] == ["of-the-call", "of-the-call"]
    assert open_models(settings, [in_python("ours-2")]).get("ours-1").provider == "ours"


def test_a_file_of_the_call_comes_before_that_of_the_environment(tmp_path: Path) -> None:
    settings = Settings.read({"AIJOBS_MODELS": str(written(tmp_path / "ours.toml"))})
    table = open_models(settings, written(tmp_path / "call.toml", provider="of-the-call"))
    assert table.get("ours-1").provider == "of-the-call"


def test_a_variable_that_names_no_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIJOBS_MODELS", str(tmp_path / "nowhere.toml"))
    with pytest.raises(ConfigurationError, match=r"AIJOBS_MODELS names no file: there is none at .*nowhere\.toml"):
        known_models()


def test_a_file_that_cannot_be_used_opens_no_client(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text("[[models]]\nnames = 3")
    with pytest.raises(InvalidRequestError, match=r"Cannot use .*ours\.toml"):
        aijobs.Client(models=path)


@pytest.mark.parametrize("name", [" ", "ours-1 ", "ours\\n1", "ours\\u00001"])
def test_a_name_that_nobody_could_type_is_refused_where_it_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"`models\.0\.name` must be on one line"):
        aijobs.Client(models=written(tmp_path / "ours.toml", name=name))
    with pytest.raises(InvalidRequestError, match=r"`models\.0\.routes\.0\.provider` must be on one line"):
        aijobs.Client(models=written(tmp_path / "ours.toml", provider=name))


def test_a_model_without_a_name_is_refused_where_it_is_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match=r"`models\.0\.name` string should have at least 1 character"):
        aijobs.Client(models=written(tmp_path / "ours.toml", name=""))


def test_a_name_may_be_in_any_script(tmp_path: Path) -> None:
    """Persian parts its words with a mark that nobody sees, and an emoji may be made of several."""
    named = "نی\u200cشکر 👩\u200d💻"
    with aijobs.Client(models=written(tmp_path / "ours.toml", name=named)) as client:
        assert client.submit("Hi", model=named).result().model == named


def test_a_worker_reads_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text("[[models]]\nnames = 3")
    with pytest.raises(InvalidRequestError, match=r"Cannot use .*ours\.toml"):
        run_worker(f"sqlite:///{tmp_path}/jobs.db", models=path)
