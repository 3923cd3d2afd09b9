"""HOW DOES A JOB ADVANCE? The lifecycle and everything that moves a job along it."""
