-- What does the bill of one month say in the columns of FOCUS 1.2?
-- One row a tenant, day, provider, model, type and class of charge. A TIMESTAMP is UTC; days are those of the store's zone.
WITH charge AS (
    SELECT
        tenant_id, day, query_type, model, provider,
        -- FOCUS: a correction within the billing period itself is none; `kind` does not matter, only whose month it was.
        month_year <> billing_month AS corrects,
        sum(quantity) AS requests, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
        bool_or(input_tokens <> 0 OR output_tokens <> 0) AS has_tokens,
        sum(credits_used)::DECIMAL(38,6) AS credits, sum(metered_credits) AS metered_credits
    FROM entry
    WHERE billing_month = $month
    GROUP BY ALL
), said AS (
    SELECT
        *,
        coalesce(nullif(query_type, ''), 'ai_generation') AS service,
        coalesce(nullif(provider, ''), $issuer) AS publisher,  -- what nobody else produced is the issuer's own
        concat_ws('/', nullif(provider, ''), nullif(model, ''), service) AS sku,
        (credits * $credit_price::DECIMAL(18,12))::DECIMAL(38,18) AS cost,
        ($month || '-01')::TIMESTAMP AS first_day
    FROM charge
)
SELECT
    cost AS BilledCost,
    tenant_id AS BillingAccountId,
    NULL::VARCHAR AS BillingAccountName,
    $currency::VARCHAR AS BillingCurrency,
    first_day + INTERVAL 1 MONTH AS BillingPeriodEnd,
    first_day AS BillingPeriodStart,
    'Usage' AS ChargeCategory,
    CASE WHEN corrects THEN 'Correction' END AS ChargeClass,
    concat_ws(' with ', service, nullif(model, '')) AS ChargeDescription,
    'Usage-Based' AS ChargeFrequency,
    (day + INTERVAL 1 DAY) AT TIME ZONE $timezone AT TIME ZONE 'UTC' AS ChargePeriodEnd,
    day::TIMESTAMP AT TIME ZONE $timezone AT TIME ZONE 'UTC' AS ChargePeriodStart,
    CASE WHEN has_tokens THEN input_tokens + output_tokens ELSE requests END::DECIMAL(38,6) AS ConsumedQuantity,
    CASE WHEN has_tokens THEN 'Tokens' ELSE 'Requests' END AS ConsumedUnit,
    cost AS ContractedCost,
    $credit_price::DECIMAL(18,12) AS ContractedUnitPrice,
    cost AS EffectiveCost,
    $month || '-v' || (SELECT version FROM closed_month WHERE month = $month) || '-' || tenant_id AS InvoiceId,
    $issuer::VARCHAR AS InvoiceIssuerName,
    cost AS ListCost,
    $credit_price::DECIMAL(18,12) AS ListUnitPrice,
    'Standard' AS PricingCategory,
    'Credits' AS PricingCurrency,
    1::DECIMAL(18,12) AS PricingCurrencyContractedUnitPrice,
    credits AS PricingCurrencyEffectiveCost,
    1::DECIMAL(18,12) AS PricingCurrencyListUnitPrice,
    credits AS PricingQuantity,
    'Credits' AS PricingUnit,
    $issuer::VARCHAR AS ProviderName,
    publisher AS PublisherName,
    'AI and Machine Learning' AS ServiceCategory,
    service AS ServiceName,
    'Generative AI' AS ServiceSubcategory,
    sku AS SkuId,
    'Credits' AS SkuMeter,
    json_object('x_Model', nullif(model, ''), 'x_Publisher', publisher)::VARCHAR AS SkuPriceDetails,
    sku AS SkuPriceId,
    nullif(model, '') AS x_Model,
    requests::DECIMAL(38,0) AS x_RequestCount,
    input_tokens::DECIMAL(38,0) AS x_InputTokens,
    output_tokens::DECIMAL(38,0) AS x_OutputTokens,
    credits AS x_Credits,
    metered_credits::DECIMAL(38,18) AS x_MeteredCredits
FROM said
ORDER BY tenant_id, day, provider, model, query_type, corrects;
