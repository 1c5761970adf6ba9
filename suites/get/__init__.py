"""Retrieve: C-GET (PS3.4 Annex C)."""
