"""AIJOBS_DISPLAY chooses what progress is shown with, until the program does."""

from __future__ import annotations

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.notebook.display import Display, chosen_display


@pytest.fixture(autouse=True)
def _nobody_has_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aijobs_sdk.notebook.display._Chosen.by_the_user", None)
    monkeypatch.setattr("aijobs_sdk.notebook.display._Chosen.by_the_environment", None)


@pytest.mark.parametrize(
    ("value", "display"), [("html", Display.HTML), (" OFF ", Display.OFF), ("", Display.AUTO), ("auto", Display.AUTO)]
)
def test_a_client_reads_what_is_to_be_shown(monkeypatch: pytest.MonkeyPatch, value: str, display: Display) -> None:
    monkeypatch.setenv("AIJOBS_DISPLAY", value)
    aijobs.Client()
    assert chosen_display() is display


def test_unset_it_is_what_suits_the_place() -> None:
    aijobs.Client()
    assert chosen_display() is Display.AUTO


def test_what_the_program_chose_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    aijobs.set_display("plain")
    monkeypatch.setenv("AIJOBS_DISPLAY", "html")
    aijobs.Client()
    assert chosen_display() is Display.PLAIN


def test_a_display_that_there_is_not_is_refused_by_the_variables_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIJOBS_DISPLAY", "widgets")
    with pytest.raises(
        aijobs.ConfigurationError, match=r"^AIJOBS_DISPLAY must be a display\. Did you mean 'widget'\?$"
    ):
        aijobs.Client()
