"""Reports of others: read, attached to an incident, withdrawn."""
