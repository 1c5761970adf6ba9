"""The management services of an edge."""
