"""Episodes that belong together: grouping, life cycle, what was lost and when."""
