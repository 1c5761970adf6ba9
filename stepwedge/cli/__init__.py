"""The command line: `stepwedge COMMAND`.

This is where the rooms of the house come together, so it may import all of them, and does so only
when a command is called: `stepwedge --help` must not wait for pytest or Locust.
"""

from stepwedge.cli.main import main

__all__ = ["main"]
