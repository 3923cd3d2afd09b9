"""What is owed for it? Prices by their day, plans with included credits and tiers, budgets."""
