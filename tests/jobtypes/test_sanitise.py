"""Active content is gone, whatever only mentions it stays, and the way a text was cut into pieces changes nothing.

`AIJOBS_TORTURE=1` tries ten times as many texts.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from aijobs_sdk.jobtypes.markdown.sanitise import Sanitiser, sanitise
from jobtypes.answers import READERS, TEXTS, active_content, every_text, sanitised_in_pieces

FORBIDDEN_WORDS = re.compile(r"<|&|script\s*:|data\s*:", re.IGNORECASE)


@every_text
@given(text=TEXTS, sizes=st.lists(st.integers(1, 9), min_size=1))
@example(text="[x](<https://x.y>", sizes=[1])
@example(text="<script></script \n```>x</script>", sizes=[1])
def test_the_output_does_not_depend_on_the_pieces(text: str, sizes: list[int]) -> None:
    starts = [sum(sizes[:index]) for index in range(len(sizes))]
    pieces = [text[start : start + size] for start, size in zip(starts, sizes, strict=True)]

    assert sanitised_in_pieces([*pieces, text[sum(sizes) :]]) == sanitise(text)
    assert sanitised_in_pieces(list(text)) == sanitise(text)


@every_text
@pytest.mark.parametrize("reader", READERS, ids=["commonmark", "tables"])
@given(text=TEXTS)
@example(text='> ``` x="|"\n|---|\n\n> ```\n\n<script>alert(1)</script>')
@example(text="<x a=1>```\n<b>\n```\n<script>alert(1)</script>\n```")
@example(text="``<x a=1>` ```<script>alert(1)</script>```")
@example(text="[a](\n`) <script>alert(1)</script>`")
@example(text="http://a`b c` `<script>alert(1)</script>`")
@example(text="para\n* <script></script>\n     ```html\n     <script>alert(1)</script>")
@example(text="| `a | b` `<script>alert(1)</script>` |\n|---|---|")
@example(text="<img>\n-     0\n```<script>")
def test_a_page_of_the_output_holds_nothing_active(text: str, reader: MarkdownIt) -> None:
    assert active_content(sanitise(text), reader) == []


@every_text
@given(text=TEXTS)
@example(text="0<A=>```\n    <I>")
@example(text="><A=>```\n    <I>")
@example(text="<script></script>    <i >=gm")
@example(text="<svg/onload=1>\n    <script></script><i >")
@example(text="<>\n<A=>\n    <DIV>")
def test_a_safe_text_stays_as_it_is(text: str) -> None:
    safe = sanitise(text)

    assert sanitise(safe) == safe


@every_text
@given(text=TEXTS.filter(lambda text: not FORBIDDEN_WORDS.search(text) and "\0" not in text))
def test_text_without_markup_comes_out_unchanged(text: str) -> None:
    assert sanitise(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "use `<script>` sparingly, and ``<a onclick=`x`>`` never",
        "```html\n<script>alert(1)</script>\n\n<img onerror=x>\n```\nAfter.",
        "~~~\n<iframe src=x></iframe>\n~~~",
        "a < b && c > d, AT&T, cout << x, I <3 it, a <- b, x <= y",
        "javascript: the good parts",
        "[^1]: JavaScript: The Good Parts, 2008",
        "`List<String>` and `Promise<User> | null`",
        "1. Write:\n   ```html\n   <script>x</script>\n   ```\n2. Run `<b>`",
        "- one\n  - two\n    ```js\n    <script>\n    ```\n",
        "10. Ten\n    ```html\n    <script>\n    ```\n",
        "1. One:\n\n    ```html\n    <script src=x></script>\n    ```\n\n2. Two",
        "> ```\n> <script>\n> ```\nx",
        "| Tag | Use |\n|---|---|\n| `<script>` | `<a href=x>` |",
        "See [the docs](https://x.y/z) about `<script>` and <https://x.y/?a=b>.",
        "<details>\n<summary>More</summary>\n\n```html\n<script>\n```\n</details>",
        "Put this in the page:\n\n    <script>\n      start();\n\n    </script>\n\nThen reload.",
        "## The button\n\n\t<b onclick=x>\n\t</b>\nAfter.",
        "<table>\n<tr><td>1</td></tr>\n</table>",
        "E = mc² 🎉 é 你好。",
    ],
)
def test_prose_markdown_and_code_survive_byte_for_byte(text: str) -> None:
    assert sanitise(text) == text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("<script>alert(1)</script>Hello", "Hello"),
        ("<script> alert(1) </script>Hello", "Hello"),
        ("<script>alert</script>Hello", "Hello"),
        ("a <script async> and </script> b", "a  b"),
        ("Hello <ScRiPt\n>\n\nalert(1)</sCrIpT >world", "Hello world"),
        ("<iframe src='https://x.y'></iframe>Hello", "Hello"),
        ("<style>\n\nbody {}\n</style>Hello", "Hello"),
        ("<img src=x onerror=alert(1)>", '<img src="x">'),
        ("<svg/onload=alert(1)>", ""),
        ("<a href='javascript:x'>y</a>", '<a rel="noopener noreferrer">y</a>'),
        ("<a href='jav&Tab;ascript&colon;x'>y</a>", '<a rel="noopener noreferrer">y</a>'),
        ("<td onclick=x colspan=2>", '<td colspan="2">'),
        ("<form action=x>Name</form>!", "Name !"),
        ("a <!-- secret --> b", "a  b"),
        ("- <!-- secret -->     b", "- b"),
    ],
)
def test_active_html_is_gone(text: str, safe: str) -> None:
    assert sanitise(text) == safe


@pytest.mark.parametrize(
    "url",
    [
        "javascript:x",
        "JaVaScRiPt:x",
        "\x01java\tscript:x",
        "&#106;avascript:x",
        "&#x6A;avascript&colon;x",
        "javascript\\:x",
        "<javascript:x>",
        "vbscript:x",
        "data:text/html,x",
    ],
)
@pytest.mark.parametrize("link", ["[y]({})", "![y]({})", "[y]\n\n[y]: {}", "> [y](\n> {})", "[y]({} 'title')"])
def test_a_dangerous_url_in_a_link_becomes_a_fragment(link: str, url: str) -> None:
    text = sanitise(link.format(url))

    assert "script:" not in text
    assert "#x" in text or "#text/html" in text


def test_a_dangerous_autolink_is_only_text() -> None:
    assert sanitise("<javascript:alert(1)>") == "&lt;#alert(1)>"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("The <script> tag is old.\n\nMore.", "The &lt;script> tag is old.\n\nMore."),
        ("Put it between <script> and </script> tags.", "Put it between &lt;script> and &lt;/script> tags."),
        ("Wrap it in <script></script> tags", "Wrap it in &lt;script>&lt;/script> tags"),
        ("a <style>...</style> block", "a &lt;style>...&lt;/style> block"),
        ("**<script>** and **</script>**", "**&lt;script>** and **&lt;/script>**"),
        ("'<script>' before <body> or '</script>'", "'&lt;script>' before &lt;body> or '&lt;/script>'"),
        ("A List<String> of names", "A List&lt;String> of names"),
        ("\\<script>", "&lt;script>"),
        ("`unclosed <script>x</script>", "`unclosed &lt;script>x&lt;/script>"),
        ("\\`<script>`", "\\`&lt;script>`"),
        ("para\n    ```html\n    <script>", "para\n    ```html\n    &lt;script>"),
        ("- a\n  ```\n<script>\n", "- a\n  ```\n&lt;script>\n"),
        ("    <b onclick=x>\n", "    &lt;b onclick=x>\n"),
        ("# A\n    <b onclick=x>\n", "# A\n    &lt;b onclick=x>\n"),
        ("- a\n\n      <b onclick=x>\n", "- a\n\n      &lt;b onclick=x>\n"),
        ("-     <b onclick=x>\n", "-     &lt;b onclick=x>\n"),
        ("> a\n>\n>     <b onclick=x>\n", "> a\n>\n>     &lt;b onclick=x>\n"),
        ("[^1]: a\n\n    <b onclick=x>\n", "[^1]: a\n\n    &lt;b onclick=x>\n"),
        ("Term\n: a\n\n    <b onclick=x>\n", "Term\n: a\n\n    &lt;b onclick=x>\n"),
        ("- a\npara\n\n    <b onclick=x>\n", "- a\npara\n\n    &lt;b onclick=x>\n"),
        ("iv) a\n\n    <b onclick=x>\n", "iv) a\n\n    &lt;b onclick=x>\n"),
        ("A word\n\n    a\u2028<b onclick=x>\n", "A word\n\n    a\u2028&lt;b onclick=x>\n"),
    ],
)
def test_what_may_be_a_mention_is_shown_and_not_eaten(text: str, shown: str) -> None:
    assert sanitise(text) == shown


@pytest.mark.parametrize("above", ["para", "- a", "- a\n", "1. a\n"])
def test_an_indented_line_that_is_no_code_is_read_like_any_other(above: str) -> None:
    assert sanitise(f"{above}\n    <b onclick=x>b</b>") == f"{above}\n    <b>b</b>"


def test_what_no_database_can_hold_becomes_the_replacement_character() -> None:
    assert sanitise("a\0b\ud83d") == "a\ufffdb\ufffd"


@pytest.mark.parametrize(
    "prose", ["Plain prose", "- an *item*", "1 < 2 and", "`code` and", "<b>bold</b> and", "[x](https"]
)
def test_prose_is_shown_as_it_comes(prose: str) -> None:
    assert Sanitiser().feed(prose) == prose


def test_text_is_held_only_from_an_unfinished_tag_on() -> None:
    sanitiser = Sanitiser()

    assert sanitiser.feed("See <a href='https://x.y' oncl") == "See "
    assert sanitiser.feed("ick=x>here") == '<a href="https://x.y" rel="noopener noreferrer">here'


def test_an_unfinished_tag_is_shown_when_its_paragraph_ends() -> None:
    assert Sanitiser().feed("a <b and c\n\nMore.") == "a &lt;b and c\n\nMore."


def test_an_unclosed_script_holds_a_long_text_back_for_a_while_only() -> None:
    assert len(Sanitiser().feed("<script>" + "word " * 10_000)) > 45_000
