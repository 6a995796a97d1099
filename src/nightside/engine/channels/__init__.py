"""Channels: who hears of what is found, when, and as what; each by itself, so that none holds up another."""
