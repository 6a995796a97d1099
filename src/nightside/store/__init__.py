"""Where results are kept: one protocol, the embedded store behind it."""
