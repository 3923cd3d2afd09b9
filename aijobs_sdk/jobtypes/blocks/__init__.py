"""WHAT CAN BE ASKED OF A BLOCK? To be filled, to be rewritten, to be looked at."""
