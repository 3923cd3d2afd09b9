"""Names a document after what its text says first."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final

from aijobs_sdk.jobtypes.markdown.characters import is_between_characters
from aijobs_sdk.jobtypes.markdown.cut import MAX_CHARS, mark_of_cut

MAX_TITLE_CHARS: Final = 80
UNTITLED: Final = "Untitled"

# Enough for a title with its links; marks and ends of sentences in a longer line would be looked for too long.
_HEAD_CHARS = 500

_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_ATX_HEADING = re.compile(r" {0,3}(?P<level>#{1,6})(?:[ \t]+(?P<text>.*?))??(?:[ \t]+#+)?[ \t]*$")
_SETEXT_H1 = re.compile(r" {0,3}=+[ \t]*$")
_NO_PROSE = re.compile(r"[\s|:=*_+~-]*$")

_BLOCK_MARK = re.compile(r"^\s*(?:(?:>|#{1,6}|[-*+]|\d{1,9}[.)])\s+(?:\[[ xX]\]\s+)?)+")
_LINK = re.compile(r"!?\[(?P<text>[^\[\]]*)\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\[\]]*\])")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_CODE_SPAN = re.compile(r"(?<!`)(?P<run>`+)(?!`)(?P<text>.+?)(?<!`)(?P=run)(?!`)")
_CODE_PLACE = "\ue000"
_EMPHASIS = re.compile(r"(?<!\\)(?P<run>\*{1,3}|~~|(?<!\w)_{1,3})(?=\S)(?P<text>.+?)(?<=[^\s\\])(?P=run)(?!(?<=_)\w)")
_MARKED = re.compile(r"[`\[<*_~\\&\x00-\x1f\x7f-\x9f" + _CODE_PLACE + "]")
"""What a line holds that does not say itself."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")

_SENTENCE_END = re.compile(r"(?:[.!?…]+[\"')\]”’]*(?=\s)|[。！？]+[」』”]*)")  # noqa: RUF001 - Chinese and Japanese ends
_END_MARK = re.compile("[.!?…。！？]")  # noqa: RUF001 - as above
"""What each of them begins with: a single class is looked for ten times as fast as what begins in two ways."""
_ABBREVIATION = re.compile(r"(?:\b(?:[a-z]|mr|mrs|ms|dr|prof|st|vs|no|fig|approx|e\.g|i\.e))\.$", re.IGNORECASE)


def title_of(content: str, prompt: str) -> str:
    """Return the first H1 of `content`, else its first sentence, else the prompt's; one line, never empty."""
    content = content.removesuffix(mark_of_cut(MAX_CHARS))
    return _cut_at_word(_first_h1(content) or _first_sentence(content) or _first_sentence(prompt) or UNTITLED)


def _first_h1(markdown: str) -> str:
    if "#" not in markdown and "=" not in markdown:
        return ""
    above = ""
    for line in _lines_outside_code(markdown):
        heading = _ATX_HEADING.match(line)
        if _SETEXT_H1.match(line) and (title := _plain(above)):
            return title
        if heading and heading["level"] == "#" and (title := _plain(heading["text"] or "")):
            return title
        above = "" if heading else line
    return ""


def _first_sentence(markdown: str) -> str:
    paragraph = _plain(" ".join(_first_paragraph(markdown))[:_HEAD_CHARS])
    for mark in _END_MARK.finditer(paragraph):
        end = _SENTENCE_END.match(paragraph, mark.start())
        if end is not None and not _ABBREVIATION.search(sentence := paragraph[: end.end()]):
            return sentence.rstrip(".。")
    return paragraph.rstrip(".。:")


def _first_paragraph(markdown: str) -> Iterator[str]:
    """Yield the first lines that say something; a heading and an item of a list are paragraphs of their own."""
    said_something = False
    for line in _lines_outside_code(markdown):
        is_prose = not _NO_PROSE.match(line) and _plain(line) != ""
        starts_anew = _BLOCK_MARK.match(line) is not None
        if said_something and (starts_anew or not is_prose):
            return
        if is_prose:
            said_something = True
            yield _BLOCK_MARK.sub("", line)
        if is_prose and _ATX_HEADING.match(line):
            return


def _lines_outside_code(markdown: str) -> Iterator[str]:
    """Yield the beginning of each line outside fenced code, and an empty line in place of each fence."""
    fence = ""
    for line in markdown.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        run = _FENCE.match(line)
        if fence:
            is_closing = line.strip().startswith(fence) and set(line.strip()) == {fence[0]}
            fence = "" if is_closing else fence
        elif run:
            fence = run[1]
            yield ""
        else:
            yield line[:_HEAD_CHARS]


def _plain(markdown: str) -> str:
    """Return `markdown` as a reader would say it, on one line."""
    if not _MARKED.search(markdown):
        return " ".join(markdown.split())
    codes = (span["text"] for span in _CODE_SPAN.finditer(markdown))  # marks and tags in code mean themselves
    text = _LINK.sub(r"\g<text>", _TAG.sub("", _CODE_SPAN.sub(_CODE_PLACE, markdown)))
    text = _EMPHASIS.sub(r"\g<text>", _EMPHASIS.sub(r"\g<text>", text))
    text = html.unescape(_ESCAPE.sub(r"\1", text))
    text = re.sub(_CODE_PLACE, lambda _: next(codes, ""), text)
    return " ".join(_CONTROL.sub(" ", text).split())


def _cut_at_word(title: str) -> str:
    if len(title) <= MAX_TITLE_CHARS:
        return title
    start, space, _ = title[:MAX_TITLE_CHARS].rpartition(" ")
    cut = start if space else title[: _between_characters(title, MAX_TITLE_CHARS - 1)]
    return cut.rstrip(" ,;:.-–—") + "…"  # noqa: RUF001 - dashes


def _between_characters(text: str, at: int) -> int:
    """Return the last place up to `at` that does not part an accent or an emoji from what it belongs to."""
    while at > 1 and not is_between_characters(text, at):
        at -= 1
    return at
