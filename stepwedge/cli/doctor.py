"""`stepwedge doctor`: what is resolved, what answers, and what will and will not be testable."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from stepwedge.claims import CLAIMS
from stepwedge.errors import Exit, StepwedgeError, in_words
from stepwedge.events import TargetSeen
from stepwedge.options import resolve, target_options
from stepwedge.statement.implied import CLASSES
from stepwedge.target import Target
from stepwedge.tls import PROFILES

# The claims that are looked for, each by the SOP classes that it stands for.
SOP_CLASSES = {
    claim: CLASSES[claim]
    for claim in (
        "verification",
        "storage.cr",
        "storage.ct",
        "storage.mr",
        "storage.us-multiframe",
        "find.patient",
        "find.study",
        "move.patient",
        "move.study",
        "get.patient",
        "get.study",
    )
}


@click.command()
@target_options
def doctor(target_file: Path | None, **fields: Any) -> int:
    """Look at a target and say what can be tested, and why not.

    Prints what was resolved, echoes every port, negotiates each SOP class that a claim stands for,
    asks its DICOMweb services, and looks whether our receiver can listen where the target expects
    it.
    """
    from stepwedge.fixtures.conversation import Recorder
    from stepwedge.fixtures.peer import Peer
    from stepwedge.fixtures.preflight import look

    target = resolve(target_file, **fields)
    console = Console(highlight=False)
    _resolved(console, target)
    classes = [uid for uids in SOP_CLASSES.values() for uid in uids]
    seen = look(Peer(target, Recorder()), classes)
    for event in seen:
        _port(console, event)
    answering = next((event for event in seen if event.reachable), None)
    if answering is None:
        console.print("\nNothing can be tested until the target answers.")
        return int(Exit.NOT_REACHABLE)
    _claims(console, target, answering)
    _web(console, target)
    _receiver(console, target)
    return int(Exit.HELD if all(event.reachable for event in seen) else Exit.NOT_REACHABLE)


def _resolved(console: Console, target: Target) -> None:
    ports = target.public()["port"]
    console.print(
        f"[bold]{escape(target.name)}[/]: {escape(target.ae_title)} at {escape(target.host)} "
        f"port {ports}; we call as {escape(target.calling_ae_title)}, and receive as "
        f"{escape(target.receiver.ae_title)} on {target.receiver_host} port {target.receiver.port}"
    )
    allowed = ", ".join(sorted(target.allow)) or "nothing beyond conformance checks"
    console.print(f"allowed: {allowed}")
    profile = PROFILES.get(target.tls.profile)
    if target.tls.enabled and profile is not None:
        retired = ", which the standard has retired" if profile.retired else ""
        console.print(f"TLS: {profile.title} (PS3.15 {profile.clause}){retired}")
    console.print()


def _port(console: Console, event: TargetSeen) -> None:
    if not event.reachable:
        console.print(f"[red]✗[/] {escape(event.address)}: {escape(event.problem)}")
        return
    times = [
        f"{name} {value * 1000:.1f} ms"
        for name, value in (
            ("connect", event.connect_time),
            ("negotiate", event.negotiate_time),
            ("echo", event.echo_time),
        )
        if value is not None
    ]
    console.print(
        f"[green]✓[/] {escape(event.address)}: {escape(event.implementation_version or '–')}, "
        f"implementation {escape(event.implementation_class_uid)}, maximum PDU "
        f"{event.max_pdu or 'unlimited'} ({', '.join(times)})"
    )
    if event.tls:
        console.print(f"  {escape(event.tls)}")
    if event.echo_time is not None and 0.035 < event.echo_time < 0.06:
        console.print(
            "  an echo takes about 40 ms: that is the server's missing TCP_NODELAY meeting "
            "delayed acknowledgement, not its speed"
        )


def _claims(console: Console, target: Target, event: TargetSeen) -> None:
    answers = {context.abstract_syntax: context for context in event.contexts}
    console.print()
    accepted = []
    for claim, uids in SOP_CLASSES.items():
        context = answers.get(uids[0])
        taken = context is not None and context.result == "acceptance"
        claimed = target.is_claimed(claim)
        said = context.result if context else "not answered"
        if taken:
            accepted.append(claim)
        match claimed, taken:
            case True, True:
                line = f"[green]✓[/] {claim}: {CLAIMS[claim]}"
            case True, False:
                line = (
                    f"[red]✗[/] {claim}: claimed, but the target refuses it ({said}): its checks "
                    "will fail; leave the claim out if the target does not make it"
                )
            case False, True:
                line = f"[yellow]?[/] {claim}: accepted, but not claimed: it will not be tested"
            case _:
                line = f"[dim]– {claim}: neither claimed nor accepted[/]"
        console.print(line)
    words = ", ".join(f'"{claim}"' for claim in accepted)
    console.print(f"\nWhat it accepts, as a line for the target file:\nclaims = [{escape(words)}]")


def _web(console: Console, target: Target) -> None:
    from stepwedge.fixtures.web.client import WebServices

    url = target.web.url
    if not url and not target.is_claimed("web"):
        return
    try:
        WebServices(target.web).look()
    except StepwedgeError as problem:
        console.print(f"\n[red]✗[/] DICOMweb: {escape(problem.problem)}: {escape(problem.mend)}")
        return
    claimed = "claimed" if target.is_claimed("web") else "not claimed: it will not be tested"
    console.print(f"\n[green]✓[/] DICOMweb at {escape(url)} answers; {claimed}")


def _receiver(console: Console, target: Target) -> None:
    if not target.is_claimed("move.study") and not target.is_claimed("move.patient"):
        return
    receiver = target.receiver
    try:
        with socket.create_server((target.receiver_host, receiver.port)) as listening:
            port = listening.getsockname()[1]
    except OSError as error:
        console.print(
            f"[red]✗[/] our receiver cannot listen on {target.receiver_host} port "
            f"{receiver.port}: {in_words(error)}; C-MOVE will be blocked. Free the port, or name "
            "another under [receiver] here and at the target"
        )
        return
    console.print(
        f"\nC-MOVE needs the target to know our receiver: AE title {escape(receiver.ae_title)}, "
        f"this machine's address, port {port}. Whether it does, only a C-MOVE can tell: "
        "stepwedge check MOVE-001"
    )
