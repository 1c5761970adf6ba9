"""A locustfile for a worker on another machine, whose clock is three seconds ahead."""

import time

AHEAD = 3_000_000_000

_time_ns, _time = time.time_ns, time.time
time.time_ns = lambda: _time_ns() + AHEAD
time.time = lambda: _time() + AHEAD * 1e-9

from stepwedge.wire import transport  # noqa: E402 (it takes the clock when it is imported)

_stamp_of = transport.stamp_of
transport.stamp_of = lambda ancillary: (stamp := _stamp_of(ancillary)) and stamp + AHEAD

from stepwedge.loadtests.locustfile import *  # noqa: E402, F403
