"""Progress on a real page: what it costs, whether it is in time, and what is left when the notebook is kept."""
