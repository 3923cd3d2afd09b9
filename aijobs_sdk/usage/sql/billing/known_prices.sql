-- Which prices are in the store?
SELECT provider, model, valid_from, input_usd, cached_input_usd, output_usd, source FROM price;
