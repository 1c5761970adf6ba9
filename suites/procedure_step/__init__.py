"""Performed procedure steps: N-CREATE, N-SET and N-GET (PS3.4 Annex F)."""
