"""Checks run, kept and handed in: one round after the other, from here or for another."""
