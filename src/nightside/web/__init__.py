"""The API and the dashboard: reads the store, computes nothing."""
