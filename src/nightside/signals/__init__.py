"""Flips to samples: how much of an entity is reachable, with the quality of the view."""
