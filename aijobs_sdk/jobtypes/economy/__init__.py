"""HOW ARE MANY TEXTS ASKED FOR AT HALF THE PRICE? Through the batches that some vendors take themselves."""
