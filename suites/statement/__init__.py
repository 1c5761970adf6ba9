"""The target's own Conformance Statement (PS3.2 Annex N), claim by claim."""
