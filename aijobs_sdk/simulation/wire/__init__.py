"""HOW DO PROVIDERS SOUND? Their HTTP: paths, bodies, events, headers and errors, without any I/O."""
