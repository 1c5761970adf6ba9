"""The null SCP: a target that says yes to everything, keeps nothing, and costs as little as it can.

What a load reaches against it is the harness's own ceiling on this machine.  It is a process of its
own, without gevent:

    python -m stepwedge.loadtests.null_scp          # prints its port; ends when its input does
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from stepwedge.errors import StepwedgeError
from stepwedge.loadtests import queries
from stepwedge.loadtests.identities import Identity
from stepwedge.wire import commands
from stepwedge.wire.acceptor import Acceptor
from stepwedge.wire.messages import Message
from stepwedge.wire.policy import Policy
from stepwedge.wire.service import Response, Service
from stepwedge.wire.serving import Serving

AE_TITLE = "NULL"

_PENDING, _SUCCESS = 0xFF00, 0x0000


class NullScp(Service):
    """Every C-ECHO and C-STORE succeeds, every C-FIND has one match, everything else has none."""

    def __init__(self) -> None:
        self._match = queries.study("universal", Identity("null", "null", 0))

    def other(self, serving: Serving, message: Message) -> Iterable[Response]:
        if message.command["CommandField"] == commands.C_FIND_RQ:
            yield commands.response_to(message.command, _PENDING), [self._match]
        yield commands.response_to(message.command, _SUCCESS), None


class NullProcess:
    """A null SCP in a process of its own, as a context manager; `port` is where it listens."""

    def __init__(self) -> None:
        self.port = 0
        self._child: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._child = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._child.stdout is not None
        told = self._child.stdout.readline()
        if not told.strip().isdecimal():
            self._end()
            raise StepwedgeError(
                f"the null SCP did not start: exit code {self._child.returncode}",
                "run `python -m stepwedge.loadtests.null_scp` to see why",
            )
        self.port = int(told)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        child = self._child
        if child is None:
            return
        child.kill()  # it keeps nothing
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()


def main() -> None:
    """Serves until the standard input ends."""
    with Acceptor(service=NullScp(), policy=Policy()) as acceptor:
        sys.stdout.write(f"{acceptor.address[1]}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
