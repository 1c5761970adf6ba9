"""What a recorded conversation looks like to a person, whole or broken, and to Wireshark."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pynetdicom.dsutils import encode as pydicom_encode
from wire_peers import Server, plan

from stepwedge.wire import (
    Association,
    Chunk,
    Direction,
    Field,
    PduView,
    Prepared,
    Proposed,
    Shared,
    commands,
    describe,
    pcap,
    redacted,
)
from stepwedge.wire.items import (
    AcceptedContext,
    ApplicationContext,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    MaximumLength,
    RawItem,
    UserIdentity,
    UserIdentityResponse,
    UserInformation,
)
from stepwedge.wire.messages import fragment
from stepwedge.wire.negotiation import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    VERIFICATION,
    build_request,
)
from stepwedge.wire.pdus import (
    PDV,
    Abort,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
    PDataTF,
    RawPDU,
    ReleaseRP,
    ReleaseRQ,
)

FIND = "1.2.840.10008.5.1.4.1.2.2.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
OUT, IN = Direction.TO_SERVER, Direction.TO_CLIENT

RQ = build_request(
    "PACS",
    "HARNESS",
    [
        Proposed(VERIFICATION, [IMPLICIT_VR_LITTLE_ENDIAN]),
        Proposed(FIND, [EXPLICIT_VR_LITTLE_ENDIAN], scp_role=True),
        Proposed(CT, [IMPLICIT_VR_LITTLE_ENDIAN]),
    ],
    window=(2, 3),
    user_identity=UserIdentity(2, b"someone", b"hunter2", True),
    extended=[ExtendedNegotiation(FIND, b"\1\0\1")],
    common_extended=[CommonExtendedNegotiation(CT, "1.2.3", ("1.2.4", "1.2.5"))],
)
AC = AssociateAC(
    "PACS",
    "HARNESS",
    (
        ApplicationContext(),
        AcceptedContext(1, 0, IMPLICIT_VR_LITTLE_ENDIAN),
        AcceptedContext(3, 0, EXPLICIT_VR_LITTLE_ENDIAN),
        AcceptedContext(5, 3, ""),
        UserInformation((MaximumLength(16384), UserIdentityResponse(b"kerberos ticket"))),
    ),
)


def _identifier() -> bytes:
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.PatientName = "Müller^Jörg"
    dataset.QueryRetrieveLevel = "STUDY"
    item = Dataset()
    item.CodeValue = "T-D1100"
    dataset.ProcedureCodeSequence = Sequence([item])
    dataset.Rows = 512
    raw = pydicom_encode(dataset, False, True)
    assert raw is not None
    return raw


def _message(context: int, command: dict[str, object], data: bytes | None = None) -> bytes:
    parts = fragment(context, 16384, commands.encode(command), None if data is None else [data])
    return b"".join(parts)


FIND_RQ = {
    "AffectedSOPClassUID": FIND,
    "CommandField": commands.C_FIND_RQ,
    "MessageID": 7,
    "Priority": 0,
    "CommandDataSetType": 1,
}


def _conversation() -> list[Chunk]:
    response = commands.response_to(FIND_RQ, 0xA700)
    parts = [
        (OUT, RQ.encode()),
        (IN, AC.encode()),
        (OUT, _message(3, FIND_RQ, _identifier())),
        (IN, _message(3, response)),
        (OUT, ReleaseRQ().encode()),
        (IN, ReleaseRP().encode()),
    ]
    return [Chunk(1000.0 + n, direction, data) for n, (direction, data) in enumerate(parts)]


def _find(fields: list[Field], name: str) -> Field:
    """The first field of this name, wherever it stands."""
    for field in fields:
        if field.name == name:
            return field
        try:
            return _find(field.fields, name)
        except LookupError:
            continue
    raise LookupError(name)


def test_a_conversation_reads_like_one() -> None:
    """Each PDU has its name, its time, its direction and a line that says what it is."""
    views = describe(_conversation())
    assert [(view.at, view.direction, view.name, view.summary) for view in views] == [
        (1000, OUT, "A-ASSOCIATE-RQ", "HARNESS → PACS, 3 presentation contexts"),
        (1001, IN, "A-ASSOCIATE-AC", "2 of 3 presentation contexts accepted"),
        (1002, OUT, "P-DATA-TF", views[2].summary),
        (1002, OUT, "P-DATA-TF", f"data set of {len(_identifier())} bytes"),
        (1003, IN, "P-DATA-TF", "C-FIND-RSP, message 7, A700H Failure"),
        (1004, OUT, "A-RELEASE-RQ", ""),
        (1005, IN, "A-RELEASE-RP", ""),
    ]
    assert views[2].summary.startswith(f"C-FIND-RQ, message 7, {FIND} (")
    assert views[2].summary.endswith("a data set follows")
    assert (views[4].message_id, views[4].status) == (7, 0xA700)
    assert not any(view.problem for view in views)


def test_every_item_of_the_negotiation_is_shown() -> None:
    """The user information is decoded by the names of the standard's tables."""
    request, answer = describe(_conversation())[:2]
    values = {
        "Called-AE-title": "PACS",
        "Calling-AE-title": "HARNESS",
        "Maximum-length-received": "16384",
        "Maximum-number-operations-invoked": "2",
        "Maximum-number-operations-performed": "3",
        "SCP-role": "1",
        "User-Identity-Type": "2 (username and passcode)",
        "Service-class-application-information": "01 00 01",
        "Related-general-sop-class-uid": "1.2.4",
        "Abstract-syntax-name": f"{VERIFICATION} (Verification SOP Class)",
    }
    assert {name: _find(request.fields, name).value for name in values} == values
    refused = [f for f in answer.fields if f.name == "Presentation Context Item"][2]
    assert _find(refused.fields, "Result/Reason").value.startswith("3 (abstract-syntax-not")


def test_offsets_point_at_the_bytes() -> None:
    """A field's offset and length cut its value out of the stream of its direction."""
    chunks = _conversation()
    stream = b"".join(chunk.data for chunk in chunks if chunk.direction == OUT)
    views = describe(chunks)
    title = _find(views[0].fields, "Called-AE-title")
    assert title.offset is not None
    assert stream[title.offset : title.offset + title.length] == b"PACS".ljust(16)
    message = _find(views[2].fields, "Message ID (0000,0110)")
    assert message.offset is not None
    assert stream[message.offset : message.offset + message.length] == struct.pack(
        "<HHIH", 0, 0x110, 2, 7
    )
    name = _find(views[3].fields, "Patient's Name (0010,0010)")
    assert name.offset is not None
    cut = stream[name.offset : name.offset + name.length]
    assert cut.endswith("Müller^Jörg ".encode("latin-1"))


def test_an_identifier_is_decoded_in_its_transfer_syntax() -> None:
    """Names, VRs, sequences and character sets, as negotiated for the context."""
    fields = describe(_conversation())[3].fields
    name = _find(fields, "Patient's Name (0010,0010)")
    assert (name.vr, name.value) == ("PN", "Müller^Jörg")
    assert _find(fields, "Rows (0028,0010)").value == "512"
    sequence = _find(fields, "Procedure Code Sequence (0008,1032)")
    assert sequence.value == "1 item"
    assert _find(sequence.fields, "Code Value (0008,0100)").value == "T-D1100"


def test_secrets_are_nowhere_in_a_view() -> None:
    """Neither fields nor hex nor the redacted chunks hold a user name, a password or a ticket."""
    chunks = _conversation()
    raw = b"".join(chunk.data for chunk in redacted(chunks)) + pcap(chunks)
    shown = msgspec.json.encode(describe(chunks))
    for secret in (b"someone", b"hunter2", b"kerberos ticket"):
        assert secret not in raw
        assert secret not in shown
        assert secret.hex(" ").encode() not in shown
    assert b"hunter2" in pcap(chunks, reveal=True)
    assert sum(len(c.data) for c in redacted(chunks)) == sum(len(c.data) for c in chunks)


def test_secrets_are_hidden_in_damaged_requests_too() -> None:
    """A user identity whose inner length runs over, or that is cut short, still shows nothing."""
    item = RawItem(0x58, b"\2\0\0\xffhunter2", length=0xFFFF)
    request = AssociateRQ("A", "B", (UserInformation((item,)),))  # type: ignore[arg-type]
    chunks = [Chunk(0, OUT, request.encode()[:-2])]
    assert b"hunte" not in msgspec.json.encode(describe(chunks))
    assert b"hunte".hex(" ").encode() not in msgspec.json.encode(describe(chunks))
    assert b"hunte" not in pcap(chunks)


def test_views_survive_json() -> None:
    """A report can load what was written."""
    views = describe(_conversation())
    assert msgspec.json.decode(msgspec.json.encode(views), type=list[PduView]) == views


def test_pieces_do_not_matter() -> None:
    """However the bytes were cut into chunks, the same PDUs come out, with their own times."""
    whole = describe(_conversation())
    pieces = [
        Chunk(chunk.at + n / 1e6, chunk.direction, chunk.data[n : n + 1])
        for chunk in _conversation()
        for n in range(len(chunk.data))
    ]
    views = describe(pieces)
    assert [v.fields for v in views] == [v.fields for v in whole]
    assert views[0].began == 1000.0
    assert views[0].at == pytest.approx(1000.0 + (len(RQ.encode()) - 1) / 1e6)


def test_a_large_data_set_is_one_view() -> None:
    """The P-DATA-TFs of one data set are summed up; its beginning is decoded."""
    head = struct.pack("<HHI", 0x10, 0x20, 4) + b"1234" + struct.pack("<HHI", 0x7FE0, 0x10, 1 << 20)
    store = {**FIND_RQ, "AffectedSOPClassUID": CT, "CommandField": 1}
    accepted = AssociateAC("", "", (AcceptedContext(5, 0, IMPLICIT_VR_LITTLE_ENDIAN),))
    chunks = [
        Chunk(0, OUT, RQ.encode()),
        Chunk(1, IN, accepted.encode()),
        Chunk(2, OUT, _message(5, store, head + bytes(1 << 20))),
        Chunk(3, OUT, _message(5, store, head + bytes(1 << 20))),
    ]
    views = describe(chunks)
    assert [view.name for view in views] == ["A-ASSOCIATE-RQ", "A-ASSOCIATE-AC"] + ["P-DATA-TF"] * 4
    assert views[3].pdus == 65
    assert views[3].summary == f"data set of {len(head) + (1 << 20)} bytes"
    assert _find(views[3].fields, "Patient ID (0010,0020)").value == "1234"
    assert _find(views[3].fields, "Pixel Data (7FE0,0010)").value == f"{1 << 20} bytes"
    assert not views[3].problem
    assert len(msgspec.json.encode(views)) < 30_000


@pytest.mark.parametrize(
    ("raw", "name", "problem"),
    [
        (b"GET / HTTP/1.1\r\n", "unrecognized", "47H is no PDU type"),
        (b"\x15\x03\x03\0\2\2\x28", "TLS", ""),
        (b"\x16", "unrecognized", "16H is no PDU type"),
        (b"\1\0\0", "A-ASSOCIATE-RQ", "cut short after 3 bytes"),
        (b"\1\0\0\0\1\0abc", "A-ASSOCIATE-RQ", "announces 256 bytes but 3 came"),
        (RawPDU(5, bytes(6)).encode(), "A-RELEASE-RQ", "2 bytes are left over"),
        (RawPDU(7, bytes(2)).encode(), "A-ABORT", "1 bytes are announced but 0 are left"),
        (RawPDU(4, b"").encode(), "P-DATA-TF", "there is none"),
        (RawPDU(4, b"\0\0\0\1\1\3").encode(), "P-DATA-TF", "no room for its header"),
        (RawPDU(4, b"\0\0\xff\0\1\3").encode(), "P-DATA-TF", "announces 65280 bytes"),
        (PDataTF((PDV(1, 3, b"\0\0\0\1\2\0\0\0"),)).encode(), "P-DATA-TF", "announces 2 bytes"),
        (PDataTF((PDV(1, 3, b""),)).encode(), "P-DATA-TF", "(0000,0100) is missing"),
        (PDataTF((PDV(1, 1, b"\0\0"),)).encode(), "P-DATA-TF", "command set was not finished"),
        (PDataTF((PDV(1, 0, b"\0\0"),)).encode(), "P-DATA-TF", "data set was not finished"),
        (
            AssociateRQ("A", "B", (RawItem(0x20, b"\1\0\0\0", length=99),)).encode(),
            "A-ASSOCIATE-RQ",
            "announces 99 bytes but 4 are left",
        ),
        (
            AssociateRQ("A", "B", (UserInformation((RawItem(0x54, b"\0\x201.2"),)),)).encode(),
            "A-ASSOCIATE-RQ",
            "32 bytes are announced but 3 are left",
        ),
    ],
)
def test_what_is_wrong_is_said_where_it_is(raw: bytes, name: str, problem: str) -> None:
    """Malformed bytes are described up to where they break."""
    (view,) = describe([Chunk(0, OUT, raw)])
    assert view.name == name
    assert problem in view.problem


def test_what_is_no_pdu_stands_before_the_answer_to_it() -> None:
    """An unknown PDU is shown where it came, and the A-ABORT that it met with after it."""
    said = Chunk(1.0, Direction.TO_SERVER, b"\x08\0\0\0\0\4\0\0\0\0")
    answer = Chunk(2.0, Direction.TO_CLIENT, Abort(2, 1).encode())
    views = describe([said, answer])
    assert [view.name for view in views] == ["unrecognized", "A-ABORT"]


def test_an_identifier_that_breaks_says_where() -> None:
    """An element that runs over the end of its data set is marked, the ones before are shown."""
    chunks = _conversation()
    broken = _identifier()[:-1]
    chunks[2] = Chunk(1002.0, OUT, _message(3, FIND_RQ, broken))
    view = describe(chunks)[3]
    assert "but" in view.problem
    assert _find(view.fields, "Rows (0028,0010)").problem
    assert _find(view.fields, "Patient's Name (0010,0010)").value == "Müller^Jörg"


def test_endings_are_put_in_words() -> None:
    """A rejection and an abort say who and why."""
    rejected = describe([Chunk(0, IN, AssociateRJ(1, 1, 7).encode())])[0]
    assert rejected.summary == "rejected-permanent, called-AE-title-not-recognized"
    aborted = describe([Chunk(0, IN, Abort(2, 6).encode())])[0]
    assert aborted.summary == "service-provider, invalid-PDU-parameter-value"


@settings(derandomize=True, deadline=None, max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([OUT, IN]),
            st.one_of(
                st.binary(max_size=60),
                st.sampled_from([c.data for c in _conversation()]),
            ),
        ),
        max_size=6,
    ),
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 255)), max_size=5),
)
def test_any_bytes_are_described(
    parts: list[tuple[Direction, bytes]], changes: list[tuple[int, int]]
) -> None:
    """Whatever was recorded, a description comes out, and goes into JSON and a capture file."""
    chunks = []
    for at, (direction, data) in enumerate(parts):
        raw = bytearray(data)
        for place, value in changes:
            if place < len(raw):
                raw[place] = value
        chunks.append(Chunk(float(at), direction, bytes(raw)))
    views = describe(chunks)
    msgspec.json.encode(views)
    pcap(chunks)
    for direction in Direction:
        size = sum(len(chunk.data) for chunk in chunks if chunk.direction == direction)
        assert sum(view.length for view in views if view.direction == direction) == size


def test_an_association_can_be_recorded(storescp: Callable[..., Server], tmp_path: Path) -> None:
    """A recorded association is a conversation; tshark reads its capture file as DICOM."""
    server = storescp("--ignore")
    chunks: list[Chunk] = []
    contexts = (Proposed(VERIFICATION), Proposed(CT, [IMPLICIT_VR_LITTLE_ENDIAN]))
    head = struct.pack("<HHI", 0x10, 0x20, 4) + b"1234" + struct.pack("<HHI", 0x7FE0, 0x10, 100_000)
    with Association(plan(server.address, *contexts, record=chunks.append)) as association:
        association.echo()
        parts = [head, Shared(bytes(100_000))]
        association.store(Prepared(CT, IMPLICIT_VR_LITTLE_ENDIAN, "1.2.3.4", parts))
    views = describe(chunks)
    assert [view.name for view in views] == [
        "A-ASSOCIATE-RQ",
        "A-ASSOCIATE-AC",
        *["P-DATA-TF"] * 5,
        "A-RELEASE-RQ",
        "A-RELEASE-RP",
    ]
    assert views[6].summary == "C-STORE-RSP, message 2, 0000H Success"
    assert not any(view.problem for view in views)
    tshark = shutil.which("tshark")
    if tshark is None:
        pytest.fail("tshark is not installed: say ./tests/install-servers")
    capture = tmp_path / "conversation.pcap"
    capture.write_bytes(pcap(chunks, ("127.0.0.1", 50123), server.address))
    command = [tshark, "-r", capture, "-d", f"tcp.port=={server.address[1]},dicom", "-Y", "dicom"]
    done = subprocess.run([*command, "-V"], capture_output=True, text=True, check=True)
    for words in ("A-ASSOCIATE request", "A-ASSOCIATE accept", "C-ECHO-RSP", "C-STORE-RSP"):
        assert words in done.stdout
    assert "Malformed" not in done.stdout
    assert "Bad checksum" not in done.stdout
