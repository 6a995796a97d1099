"""Messages as they are sent: text for people, bodies for programs. Pure functions."""
