"""Hostile input: what no polite requestor says, and what a server must make of it."""
