"""The paths and shapes of IODA's API, version 2, over our store: for programs that were written for that one.

What is served, what differs, and why: docs/ioda.md.
"""
