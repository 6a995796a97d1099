"""Who sees what: prefixes, sessions, tables, flips, visibility."""
