"""Long ranges from the archives into the store: planned, read here or on a cluster, stored day by day."""
