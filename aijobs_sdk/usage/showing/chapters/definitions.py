"""The chapter that says what the words of a report mean."""

from __future__ import annotations

from aijobs_sdk.usage.showing.fact_table import Chapter, Column, FactTable, Kind

DEFINITIONS = Chapter(
    name="definitions",
    title="Definitions",
    tables=(
        FactTable(
            name="definitions",
            caption="What the words mean",
            columns=(Column("word", "Word", Kind.TEXT), Column("meaning", "Meaning", Kind.TEXT)),
            rows=(
                ("Request", "One row of usage: one completed job. One that was reversed counts no more."),
                ("Credits", "What is billed: what users were quoted when they submitted their jobs. Exact decimals."),
                ("Metered", "What the tokens really used cost by the price list, over the requests that say so."),
                ("Month", "The month a request is billed in: that of its use, or a later one if that was closed."),
                ("Day", "The calendar day of use, in the time zone that is named at the top."),
                ("Closed", "All numbers are final. What arrives later is a correction in the next open month."),
                ("Digest", "A checksum over all that is billed in a closed month: any changed row gives another one."),
                ("Late", "A request that arrived when the month of its use was closed."),
                ("Reversal", "Takes a request back with negative numbers; a replacement stands in its stead."),
                ("Provider cost", "Tokens times the provider's list prices of each day, in US dollars."),
                ("Waste", "Credits billed for jobs that failed or were cancelled."),
                (
                    "Estimate of attempts",
                    "What attempts that came to nothing cost if each used what a good one did.",
                ),
                ("Median", "Half of the requests have less. One in twenty has more than the 95th percentile."),
                ("Robust z", "How many scaled median deviations a day is off what is usual."),
                ("Duplicate", "A row with an id that was read before: counted once, billed once."),
                ("Set aside", "A row that cannot be billed. It is kept with its reason, file and line."),
            ),
        ),
    ),
)
