"""Worlds made up or reconstructed, for demos and tests: scripts as data and the MRT writer."""
