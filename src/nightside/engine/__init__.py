"""The only room that composes: inputs to incidents."""
