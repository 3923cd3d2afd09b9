"""WHO WORKS ON IT? What this process knows of a batch, who runs it, and who steers that."""
