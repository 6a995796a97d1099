"""Why: evidence rules as data, and the causes they speak for. Pure functions of what is stored."""
