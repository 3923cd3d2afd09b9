-- What do the entries of a month come to, in three values that change with any of them?
-- Of each entry's text the SHA-256; of those the sums of the first and of the second 64 bits: no order, no version of
-- DuckDB and no way in which the entries came to be here changes them. An entry's place in its file is not billed.
WITH entry_hash AS (
    SELECT
        quantity, credits_used,
        sha256(concat_ws(
            chr(31), kind, id::VARCHAR, tenant_id, user_id, query_type, model, provider, input_tokens, output_tokens,
            credits_used, month_year, billing_month, epoch_us(created_at)
        )) AS hash
    FROM entry
    WHERE billing_month = $month
)
SELECT
    coalesce(sum(quantity), 0)::BIGINT AS rows,
    coalesce(sum(credits_used), 0)::DECIMAL(38,6) AS credits,
    coalesce(sum(('0x' || hash[1:16])::UBIGINT), 0) AS first_bits,
    coalesce(sum(('0x' || hash[17:32])::UBIGINT), 0) AS second_bits
FROM entry_hash;
