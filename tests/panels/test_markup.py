"""Markup is safe by how it is made."""

from __future__ import annotations

from aijobs_sdk.markup import details, element, facts, markup, table
from panels.pages import read


def test_text_is_escaped_and_markup_is_not() -> None:
    assert element("b", "<i>", element("code", "&")) == "<b>&lt;i&gt;<code>&amp;</code></b>"


def test_markup_that_was_put_together_by_hand_is_text_again() -> None:
    assert markup(f"{element('b', 'x')}!") == "&lt;b&gt;x&lt;/b&gt;!"


def test_a_value_cannot_leave_its_attribute() -> None:
    [(_, attributes)] = read(element("img", alt="\" onerror='alert(1)'><script>")).elements
    assert attributes == (("alt", "\" onerror='alert(1)'><script>"),)


def test_an_attribute_that_is_false_or_none_is_left_out() -> None:
    assert element("img", alt="", width=None, hidden=False) == '<img alt="">'


def test_a_name_that_python_keeps_for_itself_ends_in_an_underscore() -> None:
    assert element("label", "x", for_="y") == '<label for="y">x</label>'


def test_what_no_page_and_no_message_can_hold_is_replaced() -> None:
    assert markup("a\x00b\x1b[2J\ud800\tc\r\nd").encode() == "a�b�[2J�\tc\nd".encode()


def test_nothing_is_shown_of_nothing() -> None:
    assert markup(None, "a", None, "b") == "ab"
    assert facts([]) == ""


def test_numbers_stand_to_the_right_and_all_else_to_the_left() -> None:
    page = read(table(["model", "rows"], [["gpt-5.2", 3]], numbers={"rows"}))

    sides = [dict(attributes).get("style") for tag, attributes in page.elements if tag in {"th", "td"}]
    assert sides == ["text-align:left", "text-align:right"] * 2


def test_facts_are_names_over_values() -> None:
    page = read(facts([("model", "gpt-5.2"), ("credits", "0.7")]))

    assert [tag for tag, _ in page.elements] == ["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"]
    assert page.text == "modelcreditsgpt-5.20.7"


def test_details_are_shut_unless_they_are_to_be_open() -> None:
    assert details("more", "text") == "<details><summary>more</summary>text</details>"
    assert details("more", "text", is_open=True).startswith('<details open="">')
