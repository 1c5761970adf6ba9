"""The engine's bytes against pynetdicom's codec, in both directions, byte for byte."""

from __future__ import annotations

import struct
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pynetdicom import pdu as theirs
from pynetdicom.dsutils import decode as pydicom_decode
from pynetdicom.dsutils import encode as pydicom_encode

from stepwedge.wire import commands
from stepwedge.wire.errors import LocalProtocolError, Malformed
from stepwedge.wire.items import (
    AcceptedContext,
    ApplicationContext,
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    ImplementationClassUID,
    ImplementationVersionName,
    MaximumLength,
    ProposedContext,
    RawItem,
    RoleSelection,
    UserIdentity,
    UserIdentityResponse,
    UserInformation,
)
from stepwedge.wire.pdus import (
    PDU,
    PDV,
    Abort,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
    PDataTF,
    RawPDU,
    ReleaseRP,
    ReleaseRQ,
    decode_stream,
)

exhaustive = settings(derandomize=True, deadline=None, max_examples=80)

octet = st.integers(0, 0xFF)
u16 = st.integers(0, 0xFFFF)
component = st.one_of(st.just("0"), st.integers(1, 99999999).map(str))
uids = st.lists(component, min_size=1, max_size=7).map(lambda parts: "1.2." + ".".join(parts))
_printable = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="\\")
ascii_text = st.text(_printable, min_size=1, max_size=16)
blobs = st.binary(min_size=1, max_size=40)

proposed = st.builds(
    ProposedContext,
    st.integers(0, 127).map(lambda n: 2 * n + 1),
    uids,
    st.lists(uids, min_size=1, max_size=4).map(tuple),
)
accepted = st.builds(
    AcceptedContext, st.integers(0, 127).map(lambda n: 2 * n + 1), st.integers(0, 4), uids
)
common_items = st.one_of(
    st.builds(ImplementationVersionName, ascii_text),
    st.builds(AsynchronousOperationsWindow, u16, u16),
    st.builds(RoleSelection, uids, st.integers(0, 1), st.integers(0, 1)),
    st.builds(ExtendedNegotiation, uids, blobs),
)
request_items = st.one_of(
    common_items,
    st.builds(
        CommonExtendedNegotiation, uids, uids, st.lists(uids, min_size=1, max_size=3).map(tuple)
    ),
    st.builds(UserIdentity, st.sampled_from([1, 3, 4, 5]), blobs, st.just(b""), st.booleans()),
    st.builds(UserIdentity, st.just(2), blobs, blobs, st.booleans()),
)
answer_items = st.one_of(common_items, st.builds(UserIdentityResponse, blobs))


def _user(items: st.SearchStrategy) -> st.SearchStrategy[UserInformation]:  # type: ignore[type-arg]
    head = st.tuples(
        st.builds(MaximumLength, st.integers(0, 0xFFFFFFFF)),
        st.builds(ImplementationClassUID, uids),
    )
    return st.tuples(head, st.lists(items, max_size=5)).map(
        lambda pair: UserInformation((*pair[0], *pair[1]))
    )


def _items(contexts: st.SearchStrategy, user: st.SearchStrategy):  # type: ignore[no-untyped-def,type-arg]
    return st.tuples(
        st.just(ApplicationContext()), st.lists(contexts, min_size=1, max_size=5), _user(user)
    ).map(lambda triple: (triple[0], *triple[1], triple[2]))


requests = st.builds(AssociateRQ, ascii_text, ascii_text, _items(proposed, request_items))
answers = st.builds(AssociateAC, ascii_text, ascii_text, _items(accepted, answer_items))
data = st.builds(
    PDataTF,
    st.lists(
        st.builds(PDV, st.integers(0, 127).map(lambda n: 2 * n + 1), octet, blobs),
        min_size=1,
        max_size=4,
    ).map(tuple),
)


def _decoded_by_pynetdicom(cls: type, raw: bytes):  # type: ignore[no-untyped-def]
    pdu = cls()
    pdu.decode(raw)
    return pdu


def _same(cls: type, pdu: PDU) -> None:
    """Ours → bytes → theirs → bytes → ours: nothing changes anywhere."""
    raw = pdu.encode()
    again = _decoded_by_pynetdicom(cls, raw).encode()
    assert again == raw
    assert list(decode_stream(again)) == [pdu]


@exhaustive
@given(requests)
def test_a_associate_rq(pdu: AssociateRQ) -> None:
    """An A-ASSOCIATE-RQ with every kind of user information is read and written alike."""
    _same(theirs.A_ASSOCIATE_RQ, pdu)


@exhaustive
@given(answers)
def test_a_associate_ac(pdu: AssociateAC) -> None:
    """An A-ASSOCIATE-AC with every kind of user information is read and written alike."""
    _same(theirs.A_ASSOCIATE_AC, pdu)


@exhaustive
@given(requests)
def test_the_fields_of_a_request_mean_the_same(pdu: AssociateRQ) -> None:
    """pynetdicom finds the values that were written, not merely bytes that it can repeat."""
    other = _decoded_by_pynetdicom(theirs.A_ASSOCIATE_RQ, pdu.encode())
    assert other.called_ae_title.strip() == pdu.called
    assert other.calling_ae_title.strip() == pdu.calling
    assert [
        (c.context_id, c.abstract_syntax, tuple(c.transfer_syntax))
        for c in other.presentation_context
    ] == [(c.id, c.abstract_syntax, c.transfer_syntaxes) for c in pdu.contexts]
    assert other.user_information.maximum_length == pdu.max_length
    roles = [
        (i.sop_class_uid, i.scu_role, i.scp_role)
        for i in other.user_information.user_data
        if type(i).__name__ == "SCP_SCU_RoleSelectionSubItem"
    ]
    assert roles == [(r.sop_class, r.scu, r.scp) for r in pdu.users(RoleSelection)]


@exhaustive
@given(data)
def test_p_data_tf(pdu: PDataTF) -> None:
    """A P-DATA-TF of several fragments is read and written alike."""
    _same(theirs.P_DATA_TF, pdu)


@pytest.mark.parametrize(
    ("cls", "pdu"),
    [
        (theirs.A_ASSOCIATE_RJ, AssociateRJ(1, 1, 7)),
        (theirs.A_ASSOCIATE_RJ, AssociateRJ(2, 3, 2)),
        (theirs.A_RELEASE_RQ, ReleaseRQ()),
        (theirs.A_RELEASE_RP, ReleaseRP()),
        (theirs.A_ABORT_RQ, Abort(0, 0)),
        (theirs.A_ABORT_RQ, Abort(2, 6)),
    ],
)
def test_short_pdus(cls: type, pdu: PDU) -> None:
    """The PDUs of four bytes are read and written alike."""
    _same(cls, pdu)


KEYWORDS = {
    keyword: vr for keyword, vr in commands.ELEMENTS.values() if keyword != "CommandGroupLength"
}
_VALUES = {
    "US": u16,
    "UI": uids,
    "AE": ascii_text,
    "LO": st.text(_printable, min_size=1, max_size=64),
    "AT": st.lists(st.integers(0, 0xFFFFFFFF), min_size=2, max_size=4),
}
command_sets = st.lists(
    st.sampled_from(sorted(KEYWORDS)), min_size=1, max_size=12, unique=True
).flatmap(lambda keywords: st.fixed_dictionaries({k: _VALUES[KEYWORDS[k]] for k in keywords}))


def _with_length(body: bytes) -> bytes:
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


@exhaustive
@given(command_sets)
def test_command_sets(command: dict[str, object]) -> None:
    """A command set is written as pydicom writes it, and read back from pydicom's bytes."""
    dataset = Dataset()
    for keyword, value in command.items():
        setattr(dataset, keyword, value)
    body = pydicom_encode(dataset, is_implicit_vr=True, is_little_endian=True)
    assert body is not None
    raw = commands.encode(command)
    assert raw == _with_length(body)
    assert commands.decode(raw) == {**command, "CommandGroupLength": len(body)}


@exhaustive
@given(command_sets)
def test_command_sets_mean_the_same(command: dict[str, object]) -> None:
    """pydicom reads the values that were written."""
    dataset = pydicom_decode(BytesIO(commands.encode(command)), True, True)
    for keyword, value in command.items():
        assert dataset[keyword].value == value


def test_elements_that_are_not_in_the_table_are_kept() -> None:
    """A retired or private element of group 0000 survives reading and writing."""
    command = {"CommandField": 0x30, "(0000,0001)": b"\x10\0\0\0"}
    assert commands.decode(commands.encode(command)) == {**command, "CommandGroupLength": 22}


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"\0\0\0\1", "needs 8 bytes"),
        (struct.pack("<HHIH", 8, 5, 2, 1), "not of group 0000"),
        (struct.pack("<HHIH", 0, 0x0900, 0xFFFFFFFF, 1), "announces 4294967295 bytes"),
        (struct.pack("<HHI", 0, 0x0900, 0), "Status (0000,0900) has 0 bytes"),
        (struct.pack("<HHIH", 0, 0x0901, 2, 1), "OffendingElement"),
        (struct.pack("<HHIH", 0, 0, 2, 1), "group length"),
    ],
)
def test_a_command_set_that_cannot_be_read_says_why(raw: bytes, words: str) -> None:
    """Every way in which an element can be wrong has its own words."""
    with pytest.raises(Malformed) as caught:
        commands.decode(raw)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ({"Status": -1}, "Status (0000,0900) cannot be -1"),
        ({"Status": "high"}, "cannot be 'high'"),
        ({"MoveDestination": "日本"}, "cannot be '日本'"),
        ({"PatientName": "x"}, "no element of a command set"),
    ],
)
def test_a_command_set_that_cannot_be_written_says_why(
    command: dict[str, object], words: str
) -> None:
    """A value that its VR cannot hold is our own mistake."""
    with pytest.raises(LocalProtocolError) as caught:
        commands.encode(command)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: AssociateRQ("A" * 17, "B", ()).encode(), "longer than 16"),
        (lambda: AssociateRQ("Ω", "B", ()).encode(), "has no byte"),
        (lambda: ProposedContext(256, "1", ("1",)).encode(), "not within"),
        (lambda: ImplementationClassUID("1" * 70000).encode(), "longer than its length"),
        (lambda: ExtendedNegotiation("1" * 70000, b"").encode(), "longer than its length"),
        (lambda: MaximumLength(-1).encode(), "not within"),
        (lambda: AcceptedContext(1, 0, "１").encode(), "has no byte"),
    ],
)
def test_what_cannot_be_written_down_is_refused(make, words: str) -> None:  # type: ignore[no-untyped-def]
    """Only what has no bytes at all is refused by the encoder."""
    with pytest.raises(LocalProtocolError) as caught:
        make()
    assert words in str(caught.value)


def _request_with(*items: object) -> bytes:
    return AssociateRQ("A", "B", tuple(items)).encode()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("raw", "words", "offset"),
    [
        (RawPDU(1, b"\0" * 10).encode(), "no room for its fixed fields", 6),
        (RawPDU(5, b"\0" * 5).encode(), "with a length of 5, not 4", 6),
        (RawPDU(8, b"").encode(), "not one of 01H to 07H", 6),
        (RawPDU(4, b"").encode(), "without a presentation data value", 6),
        (RawPDU(4, b"\0\0\0\1\1\3").encode(), "no room for its header", 6),
        (RawPDU(4, b"\0\0\0\2").encode(), "at least 6 bytes", 6),
        (RawPDU(4, b"\x7f\xff\xff\xff\1\3").encode(), "announces 2147483647", 6),
        (_request_with(RawItem(0x20, b"\1\0\0")), "4 bytes are announced", 74 + 4),
        (_request_with(RawItem(0x20, b"\1\0\0\0")), "0 abstract and 0 transfer", 74 + 4),
        (_request_with(RawItem(0x20, b"\1\0\0\0", length=99)), "announces 99 bytes", 74),
        (
            _request_with(RawItem(0x50, RawItem(0x51, b"\0\0").encode())),
            "a maximum length of 2 bytes",
            74 + 8,
        ),
        (
            _request_with(RawItem(0x50, RawItem(0x58, b"\2\0\0\x09user").encode())),
            "9 bytes are announced but 4 are left",
            74 + 8 + 4,
        ),
        (
            _request_with(RawItem(0x50, RawItem(0x53, b"\0\1\0\1\0").encode())),
            "1 bytes are left over",
            74 + 8 + 4,
        ),
        (_request_with(RawItem(0x10, b""))[:-2], "announces", 0),
    ],
)
def test_what_cannot_be_read_says_what_and_where(raw: bytes, words: str, offset: int) -> None:
    """The offset points at the first byte that is wrong, from the beginning of the stream."""
    with pytest.raises(Malformed) as caught:
        list(decode_stream(raw))
    assert words in str(caught.value)
    assert caught.value.offset == offset


def test_unknown_items_are_kept_in_their_place() -> None:
    """PS3.8 §9.3.1: an unrecognized item does not hide the others, at either level."""
    pdu = AssociateRQ(
        "A",
        "B",
        (
            ApplicationContext(),
            RawItem(0x60, b"?"),
            ProposedContext(1, "1.2", ("1.2.3",)),
            UserInformation((MaximumLength(1), RawItem(0x7F, b"!"), ImplementationClassUID("1"))),
        ),
    )
    assert list(decode_stream(pdu.encode())) == [pdu]


def test_a_password_is_not_shown() -> None:
    """The repr of a user identity shows neither of its secrets."""
    assert "hunter" not in repr(UserIdentity(2, b"someone", b"hunter2"))
    assert "someone" not in repr(UserIdentity(2, b"someone", b"hunter2"))
