"""The locustfile: `locust -f loadtests/locustfile.py --target FILE --scenario first`.

Locust patches the standard library when it is imported, so it comes before everything else.
"""

import sys

import locust  # noqa: F401

from stepwedge.errors import StepwedgeError
from stepwedge.loadtests.locusts import user_classes
from stepwedge.loadtests.settings import from_environment

try:
    _settings = from_environment(sys.argv[1:])
    _settings.check()
except StepwedgeError as error:
    sys.stderr.write(f"stepwedge: {error}\n")
    sys.exit(int(error.exit_code))

globals().update(user_classes(_settings))
