"""Worklist: C-FIND of scheduled procedure steps (PS3.4 Annex K)."""
