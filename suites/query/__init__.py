"""Query: C-FIND (PS3.4 Annex C)."""
