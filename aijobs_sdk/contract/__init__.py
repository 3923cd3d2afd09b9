"""WHAT IS A JOB? The words every room shares: models, events, errors and the protocols between rooms."""
