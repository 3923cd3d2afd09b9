"""Months of usage: read once and asked often, beside engines that read the files anew for each question."""
