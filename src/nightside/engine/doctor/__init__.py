"""Whether everything is there that a watch needs: one file for each place that is looked at."""
