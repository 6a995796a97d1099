"""Who does pieces of work: processes of this machine, or a cluster."""
