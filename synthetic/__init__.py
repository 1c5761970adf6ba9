"""Synthetic patients, studies and pixels: deterministic, valid, and plainly not real."""
