"""WHO WIRES IT? The composition root: an address and settings become objects. Nobody else reads the environment."""
