"""`python -m stepwedge` is `stepwedge`."""

from stepwedge.cli import main

main()
