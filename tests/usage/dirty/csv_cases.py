"""What people do to CSV files."""

from __future__ import annotations

import gzip

from usage.dirty.case import HEADER, Dirty, Refused, between_good_ones, csv_of, good, one_csv, record, text
from usage.usage_rows import csv_record, csv_text

TWO_COLUMNS_SWAPPED = HEADER.replace("tenant_id,user_id", "user_id,tenant_id")
ZONED = "2026-01-22T10:15:00"
UNQUOTED = record(2, metadata="").replace('"', "")

VALUES = [
    between_good_ones("metadata_cut_off", "bad_metadata", metadata='{"job_id": "j1'),
    between_good_ones("metadata_in_single_quotes", "bad_metadata", metadata="{'job_id': 'j1'}"),
    between_good_ones("metadata_is_a_list", "bad_metadata", metadata='["j1"]'),
    between_good_ones("metadata_is_text_that_looks_like_an_object", "bad_metadata", metadata='"{}"'),
    good("metadata_has_nan", metadata='{"score": NaN}'),
    good("metadata_is_empty", metadata=""),
    good("metadata_has_a_key_twice", metadata='{"job_id": "a", "job_id": "b"}'),
    good("metadata_is_deep", metadata='{"a": ' * 200 + "1" + "}" * 200),
    good("metadata_begins_on_the_next_line", metadata='\n  {"job_id": "j1"}'),
    between_good_ones("metered_credits_are_a_word", "bad_metered_credits", metadata='{"metered_credits": "free"}'),
    between_good_ones("metered_credits_are_negative", "bad_metered_credits", metadata='{"metered_credits": -1}'),
    between_good_ones("credits_have_an_exponent", "bad_credits", credits_used="1.5e3"),
    between_good_ones("credits_have_seven_places", "credits_scale", credits_used="0.1234567"),
    good("credits_have_seven_places_and_the_last_is_none", credits_used="1.5000000"),
    between_good_ones("credits_are_not_a_number", "bad_credits", credits_used="NaN"),
    between_good_ones("credits_are_infinite", "bad_credits", credits_used="Infinity"),
    between_good_ones("credits_are_negative", "bad_credits", credits_used="-1.5"),
    between_good_ones("credits_with_a_decimal_comma", "bad_credits", credits_used="1,5"),
    between_good_ones("credits_with_thousands_separators", "bad_credits", credits_used="1,500.00"),
    between_good_ones("credits_with_a_currency", "bad_credits", credits_used="$1.5"),
    good("credits_without_a_whole_part", credits_used=".5"),
    between_good_ones("credits_that_are_a_point", "bad_credits", credits_used="."),
    between_good_ones("credits_beyond_any_bill", "bad_credits", credits_used="9" * 30),
    between_good_ones("credits_in_arabic_digits", "bad_credits", credits_used="\u0661"),
    between_good_ones("credits_empty", "bad_credits", credits_used=""),
    between_good_ones("credits_null_as_text", "bad_credits", credits_used="NULL"),
    between_good_ones("tokens_are_negative", "bad_tokens", input_tokens="-5"),
    between_good_ones("tokens_are_a_float", "bad_tokens", output_tokens="45.0"),
    between_good_ones("tokens_with_thousands_separators", "bad_tokens", input_tokens="1,200"),
    between_good_ones("tokens_beyond_64_bits", "bad_tokens", input_tokens="9" * 20),
    between_good_ones("tokens_in_hexadecimal", "bad_tokens", input_tokens="0x10"),
    between_good_ones("month_13", "bad_month", month_year="2026-13"),
    between_good_ones("month_0", "bad_month", month_year="2026-00"),
    between_good_ones("month_of_the_year_0", "bad_month", month_year="0000-01"),
    between_good_ones("month_by_name", "bad_month", month_year="Jan 2026"),
    between_good_ones("month_is_a_day", "bad_month", month_year="2026-01-22"),
    good("date_without_a_zone", created_at=ZONED),
    good("date_with_an_offset", created_at=f"{ZONED}+05:30"),
    good("date_with_nine_places", created_at=f"{ZONED}.123456789Z"),
    between_good_ones("date_that_is_none", "bad_created_at", created_at="2026-02-30T00:00:00Z"),
    between_good_ones("date_at_25_hours", "bad_created_at", created_at="2026-01-22T25:00:00Z"),
    between_good_ones("date_as_americans_write_it", "bad_created_at", created_at="01/22/2026"),
    between_good_ones("date_as_seconds", "bad_created_at", created_at="1769076900"),
    between_good_ones("date_with_a_zone_by_name", "bad_created_at", created_at=f"{ZONED} Europe/Berlin"),
    between_good_ones("date_with_an_offset_of_99_hours", "bad_created_at", created_at=f"{ZONED}+99"),
    between_good_ones("date_with_an_offset_of_99_minutes", "bad_created_at", created_at=f"{ZONED}+05:99"),
    good("date_with_the_largest_offset", created_at=f"{ZONED}+14:00"),
    between_good_ones("date_at_infinity", "bad_created_at", created_at="infinity"),
    between_good_ones("nul_in_a_tenant", "bad_text", tenant_id="ac\x00me"),
    between_good_ones("colours_in_a_model", "bad_text", model="\x1b[31mgpt"),
    between_good_ones("id_is_a_number", "bad_id", id="17"),
    between_good_ones("tenant_of_blanks", "no_tenant", tenant_id="  "),
]

LINES = [
    one_csv("short_row", record(1), record(9).rpartition(",")[0], record(2), kept=2, reasons=("broken_line",)),
    one_csv("long_row", record(1), record(9) + ",x", record(2), kept=2, reasons=("broken_line",)),
    one_csv("open_quote", record(1), '"open', record(2), record(3), kept=3, reasons=("broken_line",)),
    one_csv("open_quote_at_the_end", record(1), record(2), '"open', kept=2, reasons=("broken_line",)),
    one_csv("text_after_a_quote", record(1), record(9) + "x", kept=1, reasons=("broken_line",)),
    one_csv("quotes_around_a_space", record(1, model="a").replace('"a"', '"a" "b"'), kept=0, reasons=("broken_line",)),
    one_csv(
        "quotes_around_many_spaces",
        record(1, model="a").replace('"a"', '"a"     "b"'),
        kept=0,
        reasons=("broken_line",),
    ),
    one_csv("line_of_blanks", record(1), "   ", record(2), kept=2, reasons=("broken_line",)),
    one_csv("blank_lines", "", record(1), "", "", record(2), "", kept=2),
    one_csv(
        "semicolons_from_the_second_row_on", record(1), record(9).replace(",", ";"), kept=1, reasons=("broken_line",)
    ),
    one_csv("header_repeated_in_the_middle", record(1), HEADER, record(2), kept=2, reasons=("bad_id",)),
    one_csv("quoted_line_breaks", record(1, metadata='{"note":\n\n1}'), record(9, id="x"), kept=1, reasons=("bad_id",)),
    one_csv("spaces_around_quotes", record(1).replace('","', '" , "'), record(2), kept=2),
    one_csv(
        "spaces_around_quotes_beside_a_broken_line",
        record(1).replace('","', '" , "'),
        "broken",
        record(2),
        kept=2,
        reasons=("broken_line",),
    ),
    one_csv("commas_after_the_last_field", record(1) + ",,", record(2) + ",", kept=2),
    Dirty("cut_in_the_last_line", {"cut.csv": csv_of(record(1), record(2))[:-40]}, 1, 0, ("broken_line",)),
    Dirty("cut_in_the_last_value", {"part.csv": csv_of(record(1)) + UNQUOTED[:-4].encode()}, 1, 0, ("broken_line",)),
    Dirty("no_line_end_after_a_whole_value", {"whole.csv": csv_of(record(1)) + UNQUOTED.encode()}, 2),
    Dirty("no_line_end_at_the_end", {"last.csv": csv_of(record(1), record(2)).rstrip()}, 2),
    Dirty("crlf_and_a_byte_order_mark", {"w.csv": b"\xef\xbb\xbf" + csv_of(record(1), record(2), line_end="\r\n")}, 2),
    Dirty("mixed_line_ends", {"m.csv": csv_of(record(1)) + f"{record(2)}\r\n{record(3)}\n".encode()}, 3),
    Dirty(
        "a_lone_carriage_return",
        {"r.csv": csv_of(record(1), f"{record(8)}\r{record(9)}", record(2))},
        2,
        0,
        ("broken_line",),
    ),
    Dirty("latin_1", {"l.csv": csv_of(record(1)) + record(9, user_id="Zoë").encode("latin-1")}, 1, 0, ("broken_line",)),
    Dirty("nul_bytes_for_a_line", {"n.csv": csv_of(record(1)) + b"\0" * 64 + b"\n"}, 1, 0, ("broken_line",)),
    Dirty("a_line_of_a_megabyte", {"long.csv": csv_of(record(1), "x" * 3_000_000, record(2))}, 2, 0, ("broken_line",)),
]

HEADERS = [
    Dirty(
        "columns_in_another_order", {"o.csv": csv_text([text(1)], columns=TWO_COLUMNS_SWAPPED.split(",")).encode()}, 1
    ),
    Dirty("columns_in_capitals", {"c.csv": csv_of(record(1), header=HEADER.upper())}, 1),
    Dirty("header_quoted", {"q.csv": csv_of(record(1), header='"' + HEADER.replace(",", '","') + '"')}, 1),
    Dirty("header_with_spaces", {"s.csv": csv_of(record(1), header=HEADER.replace(",", " , "))}, 1),
    Dirty("blank_lines_before_the_header", {"b.csv": b"\n\n" + csv_of(record(1), record(2))}, 2),
    Dirty(
        "column_missing",
        {"m.csv": csv_of(record(1).rpartition(",")[0], header=HEADER.removesuffix(",created_at"))},
        0,
        0,
        ("missing_columns",),
    ),
    Dirty("column_unknown", {"u.csv": csv_of(record(1) + ",eu", header=HEADER + ",region")}, 1),
    Dirty(
        "column_twice", {"t.csv": csv_of(record(1) + ",9", header=HEADER + ",credits_used")}, 0, 0, ("missing_columns",)
    ),
    Dirty("semicolons", {"s.csv": csv_of(record(1), header=HEADER).replace(b",", b";")}, 0, 0, ("missing_columns",)),
    Dirty("no_header_at_all", {"n.csv": f"{record(1)}\n{record(2)}\n".encode()}, 0, 0, ("missing_columns",)),
    Dirty("header_only", {"h.csv": csv_of()}),
    Dirty("header_only_without_a_line_end", {"h.csv": HEADER.encode()}),
    Dirty("packed", {"p.csv.gz": gzip.compress(csv_of(record(1), record(2), record(9, id="x")))}, 2, 0, ("bad_id",)),
    Dirty(
        "of_a_later_schema",
        {"v.csv": csv_of(record(1) + ",2", record(2) + ",1", header=HEADER + ",schema_version")},
        1,
        0,
        ("unknown_version",),
    ),
]

REPEATS = [
    one_csv("row_twice", record(1), record(1), kept=1, duplicates=1),
    one_csv("id_with_other_credits", record(1), record(1, credits_used="99"), kept=1, reasons=("id_conflict",)),
    one_csv(
        "id_in_capitals",
        record(0xAB),
        record(0xAB)
        .upper()
        .replace("ACME", "acme")
        .replace("U1", "u1")
        .replace("TEXT_GENERATION", "text_generation")
        .replace("GPT", "gpt")
        .replace("OPENAI", "openai")
        .replace("JOB_ID", "job_id")
        .replace("J1", "j1"),
        kept=1,
        duplicates=1,
    ),
    one_csv("bad_row_before_the_good_one", record(1, credits_used="x"), record(1), kept=1, reasons=("bad_credits",)),
    Dirty(
        "conflict_across_files",
        {"a.csv": csv_of(record(1)), "b.csv": csv_of(record(1, model="other"), record(2))},
        2,
        0,
        ("id_conflict",),
    ),
    Dirty(
        "copy_of_a_file",
        {"a.csv": csv_of(record(1), record(9, id="x")), "b.csv": csv_of(record(1), record(9, id="x"))},
        1,
        1,
        ("bad_id", "bad_id"),
    ),
    Dirty(
        "other_month_under_the_same_id",
        {"a.csv": csv_of(record(1)), "b.csv": csv_of(record(1, month_year="2026-02"))},
        1,
        0,
        ("id_conflict",),
    ),
]

CSV_CASES = [*VALUES, *LINES, *HEADERS, *REPEATS]

CSV_REFUSED = [
    Refused("empty", "e.csv", b"", "is empty"),
    Refused("blank", "b.csv", b"\n\r\n\n", "no readable header"),
    Refused("header_with_an_open_quote", "o.csv", b'"id,tenant_id\n', "no readable header"),
    Refused("cut_in_its_header", "c.csv", csv_of(record(1))[:40], "ends in its header"),
    Refused("utf_16", "u.csv", csv_of(csv_record(text(1))).decode().encode("utf-16"), "is UTF-16 text"),
    Refused("old_mac", "m.csv", csv_of(record(1), line_end="\r"), "no readable header"),
    Refused("packed_and_cut", "c.csv.gz", gzip.compress(csv_of(record(1)))[:-12], "not a gzip file, or a cut one"),
    Refused("not_packed_at_all", "n.csv.gz", csv_of(record(1)), "not a gzip file, or a cut one"),
]
