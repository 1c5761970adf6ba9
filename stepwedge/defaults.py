"""What holds when the user says nothing, in one light module that everything may import."""

# The same data every day, under UIDs of the run's own.
DEFAULT_SEED = 1
