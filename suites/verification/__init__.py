"""Verification Service Class (PS3.4 Annex A)."""
