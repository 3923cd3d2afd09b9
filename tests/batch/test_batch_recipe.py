"""From rows to what is asked: prompts, models and parameters filled in, and every row checked."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aijobs_sdk.batch.asking.item import Item
from aijobs_sdk.batch.asking.recipe import Recipe
from aijobs_sdk.contract.errors import InvalidRequestError

ROWS: Sequence[Mapping[str, object]] = [
    {"text": "Tides", "n": 3, "turns": ["first", "second"]},
    {"text": "Wells", "n": 4, "turns": ["third", "fourth"]},
]
PNG = b"\x89PNG\r\n\x1a\n and more"
PNG_URL = "data:image/png;base64,iVBORw0KGgogYW5kIG1vcmU="


def items(rows: Any = ROWS, *, prompt: Any = "Summarise: {text}", model: Any = "m", **options: Any) -> list[Item]:
    return list(Recipe(prompt=prompt, model=model, **options).items(rows))


def test_a_template_is_filled_for_each_row() -> None:
    one, two = items()
    assert (one.index, one.inputs, one.payload) == (0, ROWS[0], {"prompt": "Summarise: Tides", "model": "m"})
    assert (two.index, two.payload["prompt"]) == (1, "Summarise: Wells")
    assert (one.later_prompts, one.skipped) == ((), None)


def test_several_templates_are_a_conversation() -> None:
    one, _ = items(prompt=["{turns[0]}", "{turns[1]}", "And then?"])
    assert (one.payload["prompt"], one.later_prompts) == ("first", ("second", "And then?"))


def test_a_function_may_return_the_prompt() -> None:
    one, _ = items(prompt=lambda row: f"About {row['text']}")
    assert one.payload == {"prompt": "About Tides", "model": "m"}


def test_a_function_may_return_fields_which_count_more_than_the_parameters() -> None:
    one, _ = items(
        prompt=lambda row: {"prompt": row["text"], "model": "other", "seed": Decimal(row["n"])},
        parameters={"seed": 1, "top_p": 0.5},
    )
    assert one.payload == {"prompt": "Tides", "model": "other", "seed": 3, "top_p": 0.5}


def test_a_function_cannot_change_the_row() -> None:
    one, _ = items(prompt=lambda row: row.pop("text"))
    assert one.inputs == ROWS[0]


def test_a_function_cannot_change_what_a_cell_holds() -> None:
    one, _ = items(prompt=lambda row: row["turns"].append("third") or "x")
    assert one.inputs["turns"] == ["first", "second"]


def test_each_row_may_name_its_model() -> None:
    assert [item.payload["model"] for item in items(model="m-{n}")] == ["m-3", "m-4"]


def test_each_row_is_asked_of_each_of_several_models() -> None:
    found = items(model=["a", "b-{n}"])
    assert [(item.index, item.payload["model"]) for item in found] == [(0, "a"), (1, "b-3"), (2, "a"), (3, "b-4")]
    assert [item.inputs["text"] for item in found] == ["Tides", "Tides", "Wells", "Wells"]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"max_tokens": 7, "temperature": None}, {"max_tokens": 7}),
        ({"max_tokens": "{n}"}, {"max_tokens": 3}),
        ({"system": "About {text}"}, {"system": "About Tides"}),
        ({"system": "{{}}"}, {"system": "{}"}),
        ({"stop": ["}"]}, {"stop": ["}"]}),
        ({"stop": "{turns}"}, {"stop": ["first", "second"]}),
        ({"max_credits": Decimal("0.50")}, {"max_credits": "0.50"}),
        ({"output_schema": {"pattern": "{3}"}}, {"output_schema": {"pattern": "{3}"}}),
        (
            {"messages": [{"role": "user", "content": "{text}?"}]},
            {"messages": [{"role": "user", "content": "Tides?"}]},
        ),
        (
            {"messages": [{"role": "user", "content": "Hi", "tool_calls": None}, {"role": "user", "content": None}]},
            {"messages": [{"role": "user", "content": "Hi"}, {"role": "user", "content": None}]},
        ),
    ],
)
def test_parameters_are_sent_and_their_holes_filled(given: Mapping[str, object], sent: Mapping[str, object]) -> None:
    payload = items(parameters=given)[0].payload
    assert payload == {"prompt": "Summarise: Tides", "model": "m", **sent}


@pytest.mark.parametrize(
    ("images", "urls"),
    [
        ("{photo}", [PNG_URL]),
        ("{link}", ["https://x.test/a.png"]),
        (["{photo}", "{link}"], [PNG_URL, "https://x.test/a.png"]),
        ("{several}", [PNG_URL, "https://x.test/a.png"]),
        ("{held}", [PNG_URL]),
        ("{bytes}", [PNG_URL]),
        ([PNG_URL], [PNG_URL]),
    ],
)
def test_pictures_come_from_paths_addresses_bytes_and_lists_of_them(
    tmp_path: Path, images: object, urls: list[str]
) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    photo, link = str(tmp_path / "a.png"), "https://x.test/a.png"
    row = {"text": "x", "photo": photo, "link": link, "several": [photo, link], "held": {"url": PNG_URL}, "bytes": PNG}
    [item] = items([row], parameters={"images": images})
    assert item.payload["images"] == [{"url": url} for url in urls]


def test_the_path_of_a_picture_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "fox.png").write_bytes(PNG)
    [item] = items([{"text": "x"}], parameters={"images": "~/fox.png"})
    assert item.payload["images"] == [{"url": PNG_URL}]


@pytest.mark.parametrize(
    ("row", "options", "problem"),
    [
        ({"txt": "x"}, {}, "the prompt template cannot be filled: there is no column 'text'. Did you mean 'txt'?"),
        ({"text": None}, {}, "the prompt template cannot be filled: {text} is empty there; fill it or leave"),
        ({"text": " "}, {"prompt": "{text}"}, "the prompt is empty; fill the columns it uses, or leave the row out"),
        ({"text": "", "x": "x"}, {"prompt": ["{x}", "{text}"]}, "a later prompt is empty; fill the columns"),
        ({"text": "x", "n": None}, {"parameters": {"seed": "{n}"}}, "the seed template cannot be filled: {n} is empty"),
        ({"text": "x"}, {"model": "{model}"}, "the model template cannot be filled: there is no column 'model'."),
        ({"text": b"x"}, {}, "the prompt template cannot be filled: {text} holds bytes there; decode them"),
        ({"text": "x"}, {"parameters": {"images": "{text}"}}, "`images` names a file that cannot be read (No such"),
        (
            {"text": "x", "picture": ""},
            {"parameters": {"images": ["{picture}"]}},
            "`images` must be a path, got an empty text",
        ),
        ({"text": "/dev/zero"}, {"parameters": {"images": ["{text}"]}}, "`images` names a file that is no PNG"),
        ({"text": "x", "sound": b"RIFF....WAVE"}, {"parameters": {"images": "{sound}"}}, "names a file that is no PNG"),
        ({"text": "x"}, {"parameters": {"images": ["{text}", 7]}}, "`images` names a file that cannot be read"),
        ({"text": "x"}, {"prompt": lambda row: row["secret"]}, "the prompt function raised KeyError; mend it, or"),
        (
            {"text": "x"},
            {"prompt": lambda row: 7},
            "the prompt function should return a text or a mapping, got a number",
        ),
        (
            {"text": "x"},
            {"prompt": lambda row: {"prompt": [row]}},
            "the prompt function should give `prompt` as a text",
        ),
        ({"text": "x"}, {"prompt": lambda row: "half \ud83d"}, "`prompt` holds half a character"),
        (
            {"text": "x"},
            {"prompt": lambda row: {"prompt": "x", "images": "https://x.test/\ud83d.png"}},
            "`images` holds half a character",
        ),
        ({"text": "x"}, {"prompt": lambda row: None}, "the prompt is empty"),
        (
            {"text": "x"},
            {"prompt": lambda row: "x", "model": None},
            "the prompt function names no model; pass `model=`",
        ),
        (
            {"text": "x"},
            {"prompt": lambda row: {"prompt": "x", "model": "m"}, "model": ["a", "b"]},
            "names a model, and so",
        ),
    ],
)
def test_a_row_that_cannot_be_asked_is_named(row: Mapping[str, object], options: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        items([row], **options)
    assert str(refused.value).startswith("Row 1 (index 0): ")
    assert problem in str(refused.value)
    assert [one.field for one in refused.value.fields] == ["rows[0]"]


def test_an_error_of_the_function_leads_to_its_cause_and_holds_nothing_of_it() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        items(prompt=lambda row: row["my password"])
    assert isinstance(refused.value.__cause__, KeyError)
    assert "my password" not in str(refused.value)


def test_every_row_with_a_problem_is_named() -> None:
    rows = [{"text": None} if index in {3, 5, 8} else {"text": "x"} for index in range(10)]
    with pytest.raises(
        InvalidRequestError, match=r"^Row 4 .* There is more to mend at rows\[5\], rows\[8\].$"
    ) as refused:
        items(rows)
    assert [one.field for one in refused.value.fields] == ["rows[3]", "rows[5]", "rows[8]"]


def test_items_are_made_as_they_are_asked_for() -> None:
    numbers = itertools.count()
    made = Recipe(prompt="{n}", model="m").items({"n": number} for number in numbers)
    assert [next(made).payload["prompt"], next(made).payload["prompt"]] == ["0", "1"]
    assert next(numbers) == 2


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"prompt": "{"}, "`prompt` is not a template"),
        ({"prompt": "half \ud83d"}, "`prompt` holds half a character"),
        (
            {"prompt": []},
            "`prompt` should be a template, a list of templates, or a plain function of a row, got a list of 0",
        ),
        ({"prompt": 7}, "`prompt` should be a template"),
        ({"model": []}, "`model` should be a name, a template, or a list of these, got a list of 0"),
        ({"model": None}, "`model` is left out: name one, such as `gpt-5.2`, or let a function as `prompt` do so"),
        ({"parameters": {"stop": lambda: 1}}, "`stop` holds what cannot be kept"),
        ({"on_null": "drop"}, "`on_null` should be 'error' or 'skip', got a text of 4 characters"),
        ({"id": 5}, r"`id` should be the name of a column, got a number \(int\)"),
        ({"id": ["x"]}, "`id` should be the name of a column, got a list of 1"),
        ({"parameters": {"system": "{"}}, "`system` is not a template"),
        ({"parameters": {"tools": ["half \ud83d"]}}, "`tools` holds half a character"),
        ({"parameters": {"images": ["missing.png"]}}, "`images` names a file that cannot be read"),
    ],
)
def test_a_recipe_that_suits_no_row_is_refused_at_once(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidRequestError, match=problem):
        Recipe(**{"prompt": "x", "model": "m"} | options)


async def a_coroutine(row: Mapping[str, object]) -> str:
    return str(row)


def test_a_coroutine_is_no_prompt_function() -> None:
    with pytest.raises(InvalidRequestError, match="a plain function of a row"):
        Recipe(prompt=a_coroutine, model="m")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("row", "options", "why"),
    [
        ({"text": None}, {}, "column 'text' is empty"),
        ({"turns": ["a", None]}, {"prompt": ["{turns[0]}", "{turns[1]}"]}, "column 'turns[1]' is empty"),
        ({"text": "x", "n": None}, {"parameters": {"seed": "{n}"}}, "column 'n' is empty"),
        ({"text": " "}, {"prompt": "{text}"}, "the prompt is empty"),
        ({"text": "x"}, {"prompt": lambda row: None}, "the prompt is empty"),
    ],
)
def test_a_row_with_an_empty_cell_may_be_skipped(row: Mapping[str, object], options: dict[str, Any], why: str) -> None:
    [item] = items([row], on_null="skip", **options)
    assert (item.skipped, item.payload) == (why, {"model": "m"})


def test_a_skipped_row_is_skipped_for_each_model() -> None:
    found = items([{"text": None, "n": 1}, ROWS[1]], model=["a", "b-{n}"], on_null="skip")
    assert [(one.index, one.skipped is None, one.payload["model"]) for one in found] == [
        (0, False, "a"),
        (1, False, "b-1"),
        (2, True, "a"),
        (3, True, "b-4"),
    ]


def test_skipping_does_not_excuse_a_missing_column() -> None:
    with pytest.raises(InvalidRequestError, match="there is no column 'txt'"):
        items(prompt="{txt}", on_null="skip")


@pytest.mark.parametrize(
    ("ids", "problem"),
    [
        (["a", "b", "a"], r"Row 3 \(index 2\): has the same 'id' as row 1 \(index 0\); ids must differ."),
        (["a", None], r"Row 2 \(index 1\): 'id' is empty there; each row needs an id."),
        (["a", 1.5], r"Row 2 \(index 1\): 'id' should hold a text or a whole number, got a number \(float\)."),
    ],
)
def test_ids_must_be_there_and_differ(ids: list[object], problem: str) -> None:
    with pytest.raises(InvalidRequestError, match=problem):
        items([{"text": "x", "id": one} for one in ids], id="id")


def test_a_column_of_ids_must_be_there() -> None:
    with pytest.raises(InvalidRequestError, match=r"there is no column 'nr' for its id\. Did you mean 'n'"):
        items(id="nr")


def test_a_text_and_a_number_are_different_ids() -> None:
    assert len(items([{"text": "x", "id": 1}, {"text": "x", "id": "1"}], id="id")) == 2
