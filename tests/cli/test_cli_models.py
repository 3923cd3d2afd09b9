"""`aijobs models`: who is called where, what it costs today, and when it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from aijobs_sdk.cli.commands import aijobs

OURS = """
[[models]]
name = "ours-1"
successor = "ours-2"

[[models.routes]]
provider = "ours"
model_id = "x"
retires_on = 2030-01-01
prices = [
  { input = "1", output = "2", source = "our contract", as_of = 2026-11-22 },
  { input = "3", output = "4.5", valid_from = 2026-01-01, source = "our new contract", as_of = 2026-11-22 },
]
"""


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """What is printed where a file adds a model."""
    (tmp_path / "ours.toml").write_text(OURS)
    monkeypatch.setenv("AIJOBS_MODELS", str(tmp_path / "ours.toml"))
    monkeypatch.setenv("COLUMNS", "80")
    return CliRunner().invoke(aijobs, ["models"]).stdout


def rows(shown: str, *begin: str) -> list[list[str]]:
    lines = [line.split() for line in shown.splitlines()]
    return [line[len(begin) :] for line in lines if tuple(line[: len(begin)]) == begin]


def test_every_route_of_a_model_is_shown_with_its_place(shown: str) -> None:
    assert rows(shown, "claude-sonnet-4.5", "text") == [["bedrock", "eu-west-2,", "anthropic", "200k", "64k"]]


def test_prices_are_shown_by_the_million_and_credits_by_the_thousand(shown: str) -> None:
    assert rows(shown, "gpt-5.2", "openai") == [["1.75", "0.175", "14", "0.175", "1.4", "of", "2026-11-22"]]
    assert rows(shown, "claude-sonnet-4.5", "anthropic")[0][:3] == ["3", "0.3", "15"]


def test_the_price_that_is_shown_is_todays(shown: str) -> None:
    assert rows(shown, "ours-1", "ours") == [
        ["3", "3", "4.5", "0.3", "0.45", "from", "2026-01-01"],
        ["2030-01-01", "ours-2"],
    ]
    assert "our new contract, read on 2026-11-22" in " ".join(shown.split())


def test_fallbacks_and_retirements_are_shown(shown: str) -> None:
    assert ["claude-sonnet-4.5,", "claude-opus-4.5"] in rows(shown, "gpt-5.2")
    assert ["2026-11-30", "claude-sonnet-5-5"] in rows(shown, "claude-sonnet-4.5", "anthropic")


def test_all_of_it_fits_80_columns(shown: str) -> None:
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown


def test_the_models_of_the_environment_are_in_the_json(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(OURS)
    monkeypatch.setenv("AIJOBS_MODELS", str(tmp_path / "ours.toml"))
    listed = json.loads(CliRunner().invoke(aijobs, ["models", "--json"]).stdout)
    assert listed[-1]["name"] == "ours-1"
    assert listed[-1]["routes"][0]["prices"][1]["valid_from"] == "2026-01-01"


def test_a_variable_that_names_no_file_is_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIJOBS_MODELS", "nowhere.toml")
    ended = CliRunner().invoke(aijobs, ["models"])
    assert (ended.exit_code, "AIJOBS_MODELS names no file" in ended.stderr) == (2, True)
