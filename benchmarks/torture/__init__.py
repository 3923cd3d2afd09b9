"""WHAT DOES IT SURVIVE? Workers are killed and frozen, the database crashes, and every job has to end exactly once."""
