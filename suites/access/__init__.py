"""Checks of access: who may come in from where, and what they may see."""
