"""The vocabulary: small frozen types, instants, settings and the error tree. Imports nothing of ours."""
