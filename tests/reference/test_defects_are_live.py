"""Every defect in the catalogue is consulted by the server, and changes what a peer sees.

A probe holds a conversation with the server about one service and writes down everything that is
answered; with a defect of that service on, the transcript must differ from the faultless one.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pynetdicom import build_role

import stepwedge.fixtures.reference
from stepwedge.fixtures import dataset
from stepwedge.fixtures.dataset import EXPLICIT_LITTLE, DataSet, Element, tag_of, vr_of
from stepwedge.fixtures.receiver import Behaviour, Receiver
from stepwedge.fixtures.reference import DEFECTS, ReferencePacs
from stepwedge.fixtures.upperlayer import AssociationLost, CallingAssociation
from stepwedge.wire import commands as cs

VERIFICATION = "1.2.840.10008.1.1"
CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
CR, US = "1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.5.1.4.1.1.3.1"
P_FIND, P_MOVE = "1.2.840.10008.5.1.4.1.2.1.1", "1.2.840.10008.5.1.4.1.2.1.2"
S_FIND, S_MOVE, S_GET = (f"1.2.840.10008.5.1.4.1.2.2.{n}" for n in (1, 2, 3))
WORKLIST = "1.2.840.10008.5.1.4.31"
COMMITMENT = "1.2.840.10008.1.20.1"
STEP, STEP_RETRIEVE = "1.2.840.10008.3.1.2.3.3", "1.2.840.10008.3.1.2.3.4"

Transcript = list[Any]

# Proven by the checks of association and of time: a transcript does not show them.
ELSEWHERE = {
    "assoc-", "echo-slow", "find-warning-never", "find-cancel",
    "retrieve-cancel", "find-relational", "find-datetime-not-combined", "store-aborted-visible",
    "store-visible-late", "find-final-missing", "retrieve-final-missing", "worklist-final-missing",
    "commit-same-association-only", "commit-fresh",
    # Proven by the checks of retrieval: the probe has no conversation that would show them.
    "retrieve-stored-syntax-only", "retrieve-stops-at-failure", "retrieve-warnings-succeed",
    "store-deep", "store-undefined", "store-implicit", "store-compressed", "store-uncommon",
    "store-large", "store-objects", "store-resend", "store-later", "store-second-association",
    "store-concurrent", "store-priority", "store-refus", "store-context", "store-no-data-set",
    "store-drops-unknown", "store-truncates-text", "store-rounds-decimals",
    "store-rare", "store-un-", "store-group-length", "store-text-cut", "store-values-collapsed",
    "store-zone-dropped", "store-drops-overlay",
    "echo-group-length", "echo-elements", "retrieve-unknown-in-list", "move-unanswered",
    "move-max-length", "get-role",
    "move-waits-forever", "find-multiple-first-only", "worklist-start", "worklist-extended",
    "worklist-unknown-key",
}  # fmt: skip
PROBED = sorted(
    name
    for name, defect in DEFECTS.items()
    # Proven by the checks of robustness, of TLS and of DICOMweb: a polite probe of DIMSE in clear
    # meets none of them.
    if defect.service not in ("hostile input", "tls", "web")
    and not any(name.startswith(e) for e in ELSEWHERE)
)


def text_set(**values: Any) -> DataSet:
    """A data set: text, or data sets in a list for a sequence."""
    made: DataSet = {}
    for keyword, value in values.items():
        tag = tag_of(keyword)
        if isinstance(value, list):
            made[tag] = Element(tag, "SQ", b"", value)
        else:
            raw = value if isinstance(value, bytes) else value.encode("latin-1")
            pad = b"\0" if vr_of(tag) == "UI" else b" "
            made[tag] = Element(tag, vr_of(tag), raw + pad * (len(raw) % 2))
    return made


def instance(study: str, number: int, series: str = "1", **more: Any) -> DataSet:
    """An instance with something for every defect to spoil; None leaves an attribute out."""
    given = {
        "SpecificCharacterSet": "ISO_IR 100",
        "SOPClassUID": CT,
        "SOPInstanceUID": f"{study}.{series}.{number}",
        "StudyDate": "20260310",
        "StudyTime": "101112",
        "AccessionNumber": "A_1",
        "Modality": "CT",
        "ReferringPhysicianName": "House^Gregory",
        "StudyDescription": "CT Abdomen",
        "PatientName": "Müller-Lüdenscheidt^Jörg",
        "PatientID": "P1",
        "PatientBirthDate": "19700101",
        "PatientSex": "M",
        "PatientComments": "",
        "OtherPatientIDs": "X",
        "StudyInstanceUID": study,
        "SeriesInstanceUID": f"{study}.{series}",
        "StudyID": "S1",
        "SeriesNumber": series,
        "SeriesDescription": "Axial",
        "BodyPartExamined": "ABDOMEN",
        "InstanceNumber": str(number),
        "ProcedureCodeSequence": [text_set(CodeValue="1"), text_set(CodeValue="2")],
        "PixelData": bytes(range(64)),
        **more,
    }
    made = text_set(**{keyword: value for keyword, value in given.items() if value is not None})
    made[0x00090010] = Element(0x00090010, "LO", b"STEPWEDGE ")
    made[0x00091001] = Element(0x00091001, "LO", b"private ")
    return made


class Peer:
    """Talks to the server and remembers what it said, with the study's UID made anonymous."""

    def __init__(self, pacs: ReferencePacs, study: str, *classes: str) -> None:
        contexts = [(uid, [EXPLICIT_LITTLE]) for uid in classes]
        roles = [build_role(CT, scu_role=True, scp_role=True)] if CT in classes else []
        self.association = CallingAssociation(
            "PEER", "REFERENCE", ("127.0.0.1", pacs.port), contexts, timeout=5, roles=roles
        )
        assert self.association.open()
        self.said: Transcript = []
        self._study = study
        self._numbers = itertools.count(1)

    def ask(self, sop_class: str, field: int, body: DataSet | bytes | None, **more: Any) -> None:
        """Sends a request and takes down its responses and whatever comes with them."""
        context = self.association.context_for(sop_class)
        assert context is not None
        key = "Requested" if field in (cs.N_ACTION_RQ, cs.N_SET_RQ, cs.N_GET_RQ) else "Affected"
        number = more.pop("MessageID", None)
        command = {
            f"{key}SOPClassUID": more.pop("named", sop_class),
            "CommandField": field,
            "MessageID": next(self._numbers) if number is None else number,
            **more,
        }
        if field in (cs.C_STORE_RQ, cs.C_FIND_RQ, cs.C_MOVE_RQ, cs.C_GET_RQ):
            command.setdefault("Priority", 0)
        data = dataset.encode(body, EXPLICIT_LITTLE) if isinstance(body, dict) else body
        self.association.send(context.id, command, data)
        while self._hear():
            pass

    def _hear(self) -> bool:
        """Takes one message down; False after the last response."""
        try:
            message = self.association.receive(0.5)
        except AssociationLost as end:
            self.said.append(str(end))
            return False
        self.note(message.command, message.data)
        if message.field == cs.C_STORE_RQ:
            self.association.send(
                message.context_id,
                {
                    "AffectedSOPClassUID": message.command["AffectedSOPClassUID"],
                    "CommandField": cs.C_STORE_RQ | cs.RESPONSE,
                    "MessageIDBeingRespondedTo": message.command["MessageID"],
                    "AffectedSOPInstanceUID": message.command["AffectedSOPInstanceUID"],
                    "Status": 0,
                },
            )
            return True
        pending = (0xFF00, 0xFF01)
        if message.field == cs.C_FIND_RQ | cs.RESPONSE:
            pending += (0x0001,)  # what a defect says instead
        return message.command.get("Status") in pending

    def note(self, *what: Any) -> None:
        """Writes something down."""
        self.said.append(repr(what).replace(self._study, "STUDY"))

    def done(self) -> Transcript:
        """Ends the conversation."""
        self.association.close()
        return self.said


def store(peer: Peer, ds: DataSet, **more: Any) -> None:
    """Sends an instance."""
    uid = more.pop("uid", None) or dataset.values(ds[tag_of("SOPInstanceUID")])[0]
    sop_class = more.pop("on", CT)
    peer.ask(sop_class, cs.C_STORE_RQ, ds, AffectedSOPInstanceUID=uid, **more)


def level(name: str | None, **keys: Any) -> DataSet:
    """An identifier."""
    made = text_set(**keys)
    return made if name is None else {**text_set(QueryRetrieveLevel=name), **made}


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """The move destination."""
    with Receiver() as running:
        yield running


@pytest.fixture(scope="module")
def pacs(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[ReferencePacs]:
    """A server with a little content."""
    folder = tmp_path_factory.mktemp("pacs")
    with ReferencePacs(folder, destinations={"STEPWEDGE": ("127.0.0.1", receiver.port)}) as server:
        peer = Peer(server, "-", CT)
        for ds in (
            instance("1.2.7.1", 1),
            instance("1.2.7.1", 2),
            instance("1.2.7.1", 1, "2", Modality="MR"),
            instance(
                "1.2.7.2", 1, PatientID="P2", PatientName="Doe^Jane", StudyDescription="[x] O'H%ra",
                AccessionNumber="AB1", StudyDate="20260311", StudyTime="120000", StudyID="S2",
                PatientSex="F", PatientBirthDate="19800101", ReferringPhysicianName="Wilson",
            ),
            instance("1.2.7.22", 1, PatientID="P3", PatientName="Doe^J", StudyDescription=None),
        ):  # fmt: skip
            store(peer, ds)
        peer.done()
        for number in (1, 2):
            server.worklist.add(worklist_item(number))
        yield server


def worklist_item(number: int) -> bytes:
    """An encoded worklist item."""
    step = text_set(
        ScheduledStationAETitle=f"CT{number}",
        Modality=("CT", "MR")[number - 1],
        ScheduledProcedureStepStartDate=f"2026031{number}",
        ScheduledProcedureStepStartTime=f"1{number}00",
        ScheduledPerformingPhysicianName=f"House^{number}",
        ScheduledProcedureStepID=f"S{number}",
    )
    item = text_set(
        SpecificCharacterSet="ISO_IR 100",
        PatientName=f"Müller^{number}",
        PatientID=f"P{number}",
        AccessionNumber=f"A{number}" if number == 1 else "",
        RequestedProcedureID=f"R{number}",
        StudyInstanceUID=f"1.2.7.9.{number}",
        ScheduledProcedureStepSequence=[step],
    )
    return dataset.encode(item, EXPLICIT_LITTLE)


# The probes


def probe_verification(pacs: ReferencePacs, _: Receiver, study: str) -> Transcript:
    peer = Peer(pacs, study, VERIFICATION)
    peer.ask(VERIFICATION, cs.C_ECHO_RQ, None)
    peer.ask(VERIFICATION, cs.C_ECHO_RQ, None, named=CT)
    peer.ask(VERIFICATION, cs.C_ECHO_RQ, None, MessageID=0)
    return peer.done()


def probe_storage(pacs: ReferencePacs, _: Receiver, study: str) -> Transcript:
    peer = Peer(pacs, study, CT, MR, CR, US, S_FIND, S_GET)
    store(peer, instance(study, 1))
    store(peer, instance(study, 1))
    for uid in (MR, CR, US):
        store(peer, instance(study, 2, uid[-1], SOPClassUID=uid), on=uid)
    store(peer, instance(study, 3), uid=f"{study}.9.9")
    store(peer, instance(study, 4, SOPClassUID=MR))
    store(peer, instance(study, 5, SeriesInstanceUID=""))
    peer.ask(CT, cs.C_STORE_RQ, b"no data set", AffectedSOPInstanceUID=f"{study}.1.6")
    keys = level("IMAGE", StudyInstanceUID=study, SeriesInstanceUID=f"{study}.1", SOPInstanceUID="")
    peer.ask(S_FIND, cs.C_FIND_RQ, keys)
    peer.ask(S_GET, cs.C_GET_RQ, level("STUDY", StudyInstanceUID=study))
    return peer.done()


STUDY_QUERIES: list[dict[str, Any]] = [
    {"PatientName": "", "StudyDescription": "", "AccessionNumber": "", "ModalitiesInStudy": "",
     "NumberOfStudyRelatedInstances": ""},
    {"PatientID": "P1"}, {"StudyDescription": "ct abdomen"}, {"StudyDescription": "CT*"},
    {"StudyDescription": "*"}, {"StudyDescription": "CT Abdomen*"}, {"StudyDescription": "CT"},
    {"StudyDescription": "CT Abdome?"}, {"StudyDescription": "CT Abdomen?"},
    {"StudyDescription": "C*A"}, {"StudyDescription": "[x]*"}, {"StudyDescription": "[x] O'H%ra"},
    {"StudyDescription": "CT Abdomen "}, {"AccessionNumber": "A_1"}, {"StudyID": "S1"},
    {"PatientSex": "F"}, {"PatientBirthDate": "19700101"}, {"ReferringPhysicianName": "House*"},
    {"ModalitiesInStudy": "MR"}, {"PatientName": "M*g"}, {"PatientName": "M*^J*"},
    {"PatientName": "Doe^J"},
    {"PatientName": "Müller*".encode(), "SpecificCharacterSet": "ISO_IR 192"},
    {"StudyDate": "20260310-20260311"}, {"StudyDate": "-20260310"}, {"StudyDate": "20260311-"},
    {"StudyTime": "110000-130000"}, {"StudyInstanceUID": "1.2.7.2"},
    {"StudyInstanceUID": "1.2.7.1\\1.2.7.22"}, {"StudyInstanceUID": "1.2.7.*"},
    {"StudyInstanceUID": "\\".join(["1.2.7.1", *(f"1.2.840.999.{n}" for n in range(90))])},
    {"StudyInstanceUID": "1.2.9"},
    {"StudyDate": "202603*"}, {"StudyDate": "20260320-20260301"}, {"PatientName": "Doe^*^^"},
    {"StudyDate": "20260301-20260331", "StudyTime": "110000-130000"}, {"SOPClassesInStudy": MR},
    {"PrinterName": "NOBODY"}, {"ProcedureCodeSequence": [{}]},
    {"ProcedureCodeSequence": [text_set(CodeValue="2")]},
    {"ProcedureCodeSequence": [text_set(CodeValue="9")]},
]  # fmt: skip


def probe_query(pacs: ReferencePacs, _: Receiver, study: str) -> Transcript:
    peer = Peer(pacs, "-", P_FIND, S_FIND)
    for keys in STUDY_QUERIES:
        charset = {} if "SpecificCharacterSet" in keys else {"SpecificCharacterSet": "ISO_IR 100"}
        asked = level("STUDY", **{"StudyInstanceUID": "", **charset, **keys})
        peer.ask(S_FIND, cs.C_FIND_RQ, asked)
    one = {"StudyInstanceUID": "1.2.7.1", "SeriesInstanceUID": ""}
    image = {**one, "SeriesInstanceUID": "1.2.7.1.1", "SOPInstanceUID": ""}
    for name, keys in (
        ("SERIES", one), ("SERIES", {**one, "Modality": "MR"}),
        ("SERIES", {**one, "SeriesNumber": "2"}), ("SERIES", {**one, "SeriesNumber": "2*"}),
        ("SERIES", {"SeriesInstanceUID": ""}), ("PATIENT", {"PatientID": ""}), (None, {}),
        ("EXAM", {"StudyInstanceUID": ""}), ("SERIES", {**one, "BodyPartExamined": "HEAD"}),
        ("SERIES", {**one, "SeriesDescription": "Coronal"}),
        ("SERIES", {"StudyInstanceUID": "1.2.9", "SeriesInstanceUID": ""}),
        ("IMAGE", image), ("IMAGE", {**image, "InstanceNumber": "2"}),
        ("IMAGE", {**image, "SOPClassUID": MR}),
    ):  # fmt: skip
        peer.ask(S_FIND, cs.C_FIND_RQ, level(name, **keys))
    peer.ask(P_FIND, cs.C_FIND_RQ, level("PATIENT", PatientID="P1", PatientName=""))
    peer.ask(S_FIND, cs.C_FIND_RQ, level("STUDY", StudyInstanceUID="1.2.7.1"), Priority=1)
    peer.ask(S_FIND, cs.C_FIND_RQ, b"garbage!")
    return peer.done()


def probe_retrieve(pacs: ReferencePacs, receiver: Receiver, study: str) -> Transcript:
    peer = Peer(pacs, "-", CT, P_MOVE, S_MOVE, S_GET)
    mark = receiver.mark()
    series = {"StudyInstanceUID": "1.2.7.1", "SeriesInstanceUID": "1.2.7.1.1"}
    for destination, keys, behaviour in (
        ("STEPWEDGE", level("STUDY", StudyInstanceUID="1.2.7.1"), Behaviour()),
        ("STEPWEDGE", level("STUDY", StudyInstanceUID="1.2.7.1\\1.2.7.2"), Behaviour()),
        ("STEPWEDGE", level("SERIES", **series), Behaviour()),
        ("STEPWEDGE", level("IMAGE", **series, SOPInstanceUID="1.2.7.1.1.2"), Behaviour()),
        ("STEPWEDGE", level("STUDY", StudyInstanceUID="1.2.9"), Behaviour()),
        ("STEPWEDGE", level("STUDY", StudyInstanceUID=""), Behaviour()),
        ("STEPWEDGE", level("SERIES", SeriesInstanceUID="1.2.7.1.1"), Behaviour()),
        ("STEPWEDGE", level("STUDY", StudyInstanceUID="1.2.7.1"), Behaviour(status=0xA700)),
        ("STEPWEDGE", level("STUDY", StudyInstanceUID="1.2.7.1"),
         Behaviour(status_of={1: 0xA700, 2: 0xB000})),
        ("NOWHERE", level("STUDY", StudyInstanceUID="1.2.7.1"), Behaviour()),
    ):  # fmt: skip
        with receiver.behaving(behaviour):
            peer.ask(S_MOVE, cs.C_MOVE_RQ, keys, MoveDestination=destination)
    move_patient = level("PATIENT", PatientID="P2")
    peer.ask(P_MOVE, cs.C_MOVE_RQ, move_patient, MoveDestination="STEPWEDGE")
    peer.ask(S_GET, cs.C_GET_RQ, level("STUDY", StudyInstanceUID="1.2.7.1"))
    for one in receiver.since(mark):
        peer.note(
            one.sop_instance_uid, one.originator_ae, one.originator_message_id, hash(one.data)
        )
    return peer.done()


def probe_commitment(pacs: ReferencePacs, receiver: Receiver, study: str) -> Transcript:
    peer = Peer(pacs, study, COMMITMENT)

    def ask(transaction: str, *references: tuple[str, str], **more: Any) -> None:
        items = [
            text_set(ReferencedSOPClassUID=sop_class, ReferencedSOPInstanceUID=uid)
            for sop_class, uid in references
        ]
        information = text_set(TransactionUID=transaction, ReferencedSOPSequence=items)
        given = {"RequestedSOPInstanceUID": "1.2.840.10008.1.20.1.1", "ActionTypeID": 1, **more}
        peer.ask(COMMITMENT, cs.N_ACTION_RQ, information, **given)

    kept = (CT, "1.2.7.1.1.1")
    ask(f"{study}.0")
    ask("", kept)
    ask(f"{study}.1", kept, ActionTypeID=9)
    ask(f"{study}.2", kept, RequestedSOPInstanceUID="1.2.3")
    for transaction in (f"{study}.3", f"{study}.3"):
        ask(transaction, kept, (CT, "1.2.9"), (MR, "1.2.7.1.1.2"))
        try:
            report = peer.association.receive(0.5)
        except AssociationLost as end:
            peer.note(str(end))
            continue
        peer.note(report.command, report.data)
        peer.association.send(
            report.context_id,
            {
                "AffectedSOPClassUID": COMMITMENT,
                "CommandField": cs.N_EVENT_REPORT_RQ | cs.RESPONSE,
                "MessageIDBeingRespondedTo": report.command["MessageID"],
                "Status": 0,
            },
        )
    return peer.done()


def probe_commitment_elsewhere(pacs: ReferencePacs, _: Receiver, study: str) -> Transcript:
    """A result that has to be brought to the requestor on a new association."""
    seen: list[bytes] = []
    with Receiver(ae_title="PEER", on_bytes=lambda _, data, *__: seen.append(data)) as home:
        pacs.add_destination("PEER", "127.0.0.1", home.port)
        peer = Peer(pacs, study, COMMITMENT)
        items = [text_set(ReferencedSOPClassUID=CT, ReferencedSOPInstanceUID="1.2.7.1.1.1")]
        peer.ask(
            COMMITMENT,
            cs.N_ACTION_RQ,
            text_set(TransactionUID=f"{study}.5", ReferencedSOPSequence=items),
            RequestedSOPInstanceUID="1.2.840.10008.1.20.1.1",
            ActionTypeID=1,
        )
        said = peer.done()
        notice = home.wait_notified(lambda _: True, 5)
        # A role selection sub-item (54H), 24 bytes long, for a UID of 20 characters.
        role = b"\x54\x00\x00\x18\x00\x14" + COMMITMENT.encode() in b"".join(seen)
    return [*said, notice is not None, role]


def probe_worklist(pacs: ReferencePacs, _: Receiver, study: str) -> Transcript:
    peer = Peer(pacs, "-", WORKLIST)
    for step, keys in (
        ({}, {}), ({"ScheduledStationAETitle": "CT1"}, {}), ({"Modality": "MR"}, {}),
        ({"ScheduledProcedureStepStartDate": "20260311"}, {}),
        ({"ScheduledProcedureStepStartTime": "1100"}, {}),
        ({"ScheduledPerformingPhysicianName": "House^2"}, {}), ({}, {"PatientName": "M*2"}),
        ({}, {"PatientID": "P1"}), ({}, {"AccessionNumber": "A1"}),
        ({}, {"RequestedProcedureID": "R2"}), ({}, {"PatientID": "NOBODY"}),
    ):  # fmt: skip
        asked = {"PatientName": "", "PatientID": "", "StudyInstanceUID": "", **keys}
        steps = [text_set(**{"ScheduledProcedureStepID": "", **step})]
        asked["ScheduledProcedureStepSequence"] = steps
        peer.ask(WORKLIST, cs.C_FIND_RQ, text_set(**asked))
    return peer.done()


def probe_procedure_step(pacs: ReferencePacs, _: Receiver, study: str) -> Transcript:
    peer = Peer(pacs, study, STEP, STEP_RETRIEVE)
    begun = {
        "ScheduledStepAttributesSequence": [text_set(StudyInstanceUID=study)],
        "PerformedProcedureStepID": "1", "PerformedStationAETitle": "CT1",
        "PerformedProcedureStepStartDate": "20260310", "PerformedProcedureStepStartTime": "0900",
        "PerformedProcedureStepStatus": "IN PROGRESS", "Modality": "CT",
    }  # fmt: skip
    ended = {
        "PerformedProcedureStepEndDate": "20260310", "PerformedProcedureStepEndTime": "1000",
        "PerformedSeriesSequence": [text_set(SeriesInstanceUID=f"{study}.1")],
    }  # fmt: skip

    def create(number: int, **changes: Any) -> None:
        given = {k: v for k, v in {**begun, **changes}.items() if v is not None}
        uid = f"{study}.{number}"
        peer.ask(STEP, cs.N_CREATE_RQ, text_set(**given), AffectedSOPInstanceUID=uid)

    def change(number: int, **changes: Any) -> None:
        uid = f"{study}.{number}"
        peer.ask(STEP, cs.N_SET_RQ, text_set(**changes), RequestedSOPInstanceUID=uid)
        peer.ask(STEP_RETRIEVE, cs.N_GET_RQ, None, RequestedSOPInstanceUID=uid)

    create(1)
    create(1)
    create(2, PerformedProcedureStepStatus="COMPLETED")
    create(3, Modality=None)
    create(4, Modality="")
    change(1, PerformedProcedureStepStatus="PAUSED")
    change(1, PatientID="X")
    change(1, PerformedProcedureStepStatus="COMPLETED")
    change(1, PerformedProcedureStepStatus="COMPLETED", **ended)
    change(1, PerformedProcedureStepStatus="DISCONTINUED")
    create(5)
    change(5, PerformedProcedureStepStatus="DISCONTINUED")
    change(9, PerformedProcedureStepStatus="DISCONTINUED")
    return peer.done()


Probe = Callable[[ReferencePacs, Receiver, str], Transcript]
PROBES: dict[str, Probe] = {
    "verification": probe_verification,
    "storage": probe_storage,
    "query": probe_query,
    "retrieve": probe_retrieve,
    "commitment": probe_commitment,
    "worklist": probe_worklist,
    "procedure step": probe_procedure_step,
}
_studies = itertools.count(1)


def transcript(pacs: ReferencePacs, receiver: Receiver, probe: Probe) -> Transcript:
    """What a probe hears, about a study of its own."""
    # All UIDs have one length, so that only what the server says makes a difference.
    study = f"1.2.8.{next(_studies) + 10000}"
    return [str(line).replace(study, "STUDY") for line in probe(pacs, receiver, study)]


@pytest.fixture(scope="module")
def faultless(pacs: ReferencePacs, receiver: Receiver) -> dict[Probe, Transcript]:
    """What every probe hears from a server without defects, twice the same."""
    heard: dict[Probe, Transcript] = {}
    for probe in (*PROBES.values(), probe_commitment_elsewhere):
        heard[probe] = transcript(pacs, receiver, probe)
        assert transcript(pacs, receiver, probe) == heard[probe]
    return heard


@pytest.mark.parametrize("name", PROBED)
def test_a_defect_changes_what_a_peer_sees(
    name: str, pacs: ReferencePacs, receiver: Receiver, faultless: dict[Probe, Transcript]
) -> None:
    """With the defect on, the server says something else than without it."""
    probe = PROBES[DEFECTS[name].service]
    if name in ("commit-role-missing",):
        probe = probe_commitment_elsewhere
    pacs.use({name})
    try:
        assert transcript(pacs, receiver, probe) != faultless[probe]
    finally:
        pacs.use(())


def test_every_defect_is_consulted() -> None:
    """A name that the server never asks for would be a switch without a wire."""
    package = Path(stepwedge.fixtures.reference.__file__).parent
    catalogues = ("defects.py", "hostile.py", "webdefects.py")
    modules = [path for path in package.rglob("*.py") if path.name not in catalogues]
    source = "\n".join(path.read_text(encoding="utf-8") for path in modules)
    source += "".join(
        path.read_text(encoding="utf-8") for path in (package.parent / "upperlayer").glob("*.py")
    )

    def is_consulted(name: str) -> bool:
        kind, _, rest = name.partition("-")
        if re.fullmatch(r"state-sta\d+-evt\d+", name):
            return 'f"state-{state}-{event}"' in source
        return f'"{name}"' in source or (kind in ("find", "worklist") and f'"{rest}"' in source)

    assert [name for name in DEFECTS if not is_consulted(name)] == []
