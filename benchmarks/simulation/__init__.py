"""HOW FAST IS THE SIMULATION? What it answers in a second, at an address and in the caller's own process."""
