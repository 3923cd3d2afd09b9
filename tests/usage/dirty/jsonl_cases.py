"""What people do to JSONL files."""

from __future__ import annotations

import gzip
import json

from usage.dirty.case import Dirty, Refused, text
from usage.usage_rows import jsonl_text


def jsonl(name: str, *lines: object, kept: int, reasons: tuple[str, ...] = (), duplicates: int = 0) -> Dirty:
    """Return the case of a file with these lines: rows, or text as it is."""
    content = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    return Dirty(f"jsonl_{name}", {"dirty.jsonl": content.encode()}, kept, duplicates, reasons)


def written(number: int, column: str, value: str) -> str:
    """Return a row in which the value of one column is exactly this JSON."""
    row = text(number)
    return json.dumps(row).replace(f'"{column}": {json.dumps(row[column])}', f'"{column}": {value}')


JSONL_CASES = [
    jsonl("array", text(1), "[1, 2]", text(2), kept=2, reasons=("broken_line",)),
    jsonl("array_of_rows", json.dumps([text(1), text(2)]), kept=0, reasons=("broken_line",)),
    jsonl("cut_line", text(1), '{"id": "', kept=1, reasons=("broken_line",)),
    jsonl(
        "two_objects_on_a_line", text(1), json.dumps(text(8)) + json.dumps(text(9)), kept=1, reasons=("broken_line",)
    ),
    jsonl("comma_after_each_object", json.dumps(text(1)) + ",", text(2), kept=1, reasons=("broken_line",)),
    jsonl("blank_lines_and_tabs", text(1), "", " \t ", text(2), kept=2),
    jsonl("a_line_of_another_kind_of_space", text(1), "\u00a0", text(2), kept=2, reasons=("broken_line",)),
    jsonl(
        "key_twice",
        written(1, "credits_used", '"1.5", "credits_used": "99"'),
        text(2),
        kept=1,
        reasons=("missing_columns",),
    ),
    jsonl(
        "key_twice_beside_a_broken_line",
        written(1, "model", '"a", "model": "b"'),
        "{",
        kept=0,
        reasons=("missing_columns", "broken_line"),
    ),
    jsonl("credits_as_a_number", written(1, "credits_used", "0.000001"), kept=1),
    jsonl(
        "credits_as_a_number_with_seven_places",
        written(1, "credits_used", "0.1234567"),
        kept=0,
        reasons=("credits_scale",),
    ),
    jsonl("credits_as_a_number_with_an_exponent", written(1, "credits_used", "1e3"), kept=0, reasons=("bad_credits",)),
    jsonl("credits_of_many_digits", written(1, "credits_used", "123456789012.123456"), kept=1),
    jsonl("credits_null", written(1, "credits_used", "null"), kept=0, reasons=("bad_credits",)),
    jsonl("credits_in_a_list", written(1, "credits_used", "[1.5]"), kept=0, reasons=("bad_credits",)),
    jsonl("credits_true", written(1, "credits_used", "true"), kept=0, reasons=("bad_credits",)),
    jsonl("tokens_as_a_number", written(1, "input_tokens", "120"), kept=1),
    jsonl("tokens_as_a_float", written(1, "input_tokens", "120.0"), kept=0, reasons=("bad_tokens",)),
    jsonl("tokens_beyond_64_bits", written(1, "input_tokens", "9" * 25), kept=0, reasons=("bad_tokens",)),
    jsonl("metadata_as_an_object", written(1, "metadata", '{"job_id": "j1", "scores": [1, 2.5]}'), kept=1),
    jsonl("metadata_null", written(1, "metadata", "null"), kept=1),
    jsonl("metadata_a_list", written(1, "metadata", "[1]"), kept=0, reasons=("bad_metadata",)),
    jsonl(
        "metadata_deeper_than_python_goes",
        written(1, "metadata", "[" * 5000 + "]" * 5000),
        text(2),
        kept=1,
        reasons=("bad_metadata",),
    ),
    jsonl(
        "column_missing",
        {key: value for key, value in text(1).items() if key != "model"},
        kept=0,
        reasons=("missing_columns",),
    ),
    jsonl(
        "columns_in_capitals",
        {key.upper(): value for key, value in text(1).items()},
        kept=0,
        reasons=("missing_columns",),
    ),
    jsonl("control_character_by_its_escape", text(1, model="gpt\x1b"), text(2), kept=1, reasons=("bad_text",)),
    jsonl("nul_by_its_escape", text(1, tenant_id="ac\x00me"), text(2), kept=1, reasons=("bad_text",)),
    jsonl("half_a_surrogate", written(1, "model", '"\\ud800"'), text(2), kept=1, reasons=("broken_line",)),
    Dirty("jsonl_crlf", {"w.jsonl": jsonl_text([text(1), text(2)]).replace("\n", "\r\n").encode()}, 2),
    Dirty(
        "jsonl_mixed_line_ends",
        {"m.jsonl": (jsonl_text([text(1)]) + jsonl_text([text(2)]).replace("\n", "\r\n")).encode()},
        2,
    ),
    Dirty("jsonl_byte_order_mark", {"b.jsonl": b"\xef\xbb\xbf" + jsonl_text([text(1), text(2)]).encode()}, 2),
    Dirty(
        "jsonl_latin_1",
        {"l.jsonl": jsonl_text([text(1)]).encode() + '{"id": "é"}\n'.encode("latin-1")},
        1,
        0,
        ("broken_line",),
    ),
    Dirty("jsonl_nul_bytes", {"n.jsonl": jsonl_text([text(1)]).encode() + b"\0\0\0\n"}, 1, 0, ("broken_line",)),
    Dirty(
        "jsonl_nul_after_a_row",
        {"n.jsonl": jsonl_text([text(1), text(2)]).encode().replace(b"}\n", b"}\0\n", 1)},
        1,
        0,
        ("broken_line",),
    ),
    Dirty("jsonl_packed", {"p.jsonl.gz": gzip.compress(jsonl_text([text(1)]).encode())}, 1),
    Dirty("jsonl_of_blank_lines", {"b.jsonl": b"\n\n"}),
    Dirty(
        "jsonl_that_is_one_pretty_object",
        {"p.jsonl": json.dumps(text(1), indent=1).encode()},
        0,
        0,
        ("broken_line",) * 14,
    ),
]

JSONL_REFUSED = [Refused("jsonl_utf_16", "u.jsonl", jsonl_text([text(1)]).encode("utf-16"), "is UTF-16 text")]
