"""What Stepwedge promises to reach, measured: `python -m benchmarks`."""
