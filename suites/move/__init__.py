"""Retrieve: C-MOVE (PS3.4 Annex C)."""
