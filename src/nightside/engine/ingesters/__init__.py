"""Several programs that watch together: each hears some collectors, one of them judges, and another takes over."""
