-- What does a model cost from this day on?
INSERT INTO price (provider, model, valid_from, input_usd, cached_input_usd, output_usd, source, as_of)
VALUES ($provider, $model, $valid_from, $input_usd, $cached_input_usd, $output_usd, $source, $as_of);
