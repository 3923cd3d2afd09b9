"""HOW ARE ROWS ASKED AT HALF THE PRICE? In chunks, which vendors answer as batches of their own."""
