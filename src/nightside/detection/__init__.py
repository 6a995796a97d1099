"""Samples to episodes: baseline, thresholds, instability. Pure functions."""
