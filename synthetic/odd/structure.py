"""Odd structures: private blocks, unknown representations, sequences, order (PS3.5 6.2.2 and 7)."""

from __future__ import annotations

from collections.abc import Callable
from struct import pack

from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian

from stepwedge.synthetic.encode import encode_dataset
from stepwedge.synthetic.modules import code, item
from stepwedge.synthetic.odd.case import OddCase, Outcome, element

_PROCEDURE = int(Tag("ProcedureCodeSequence"))
_DESCRIPTION = int(Tag("StudyDescription"))
_MANUFACTURER = int(Tag("Manufacturer"))
_SOFTWARE = int(Tag("SoftwareVersions"))
_SIGNATURES = int(Tag("DigitalSignaturesSequence"))
_CREATOR = "STEPWEDGE ODD"
_ITEM, _END = (pack("<HHL", 0xFFFE, number, 0) for number in (0xE000, 0xE0DD))
_DEPTH = 32
_MANY = 10_000
_BULK = 1 << 20
_LONG_VALUE = 70_000


def _two_creators(dataset: Dataset) -> None:
    for number, creator in enumerate((_CREATOR, "STEPWEDGE OTHER")):
        block = dataset.private_block(0x0029, creator, create=True)
        block.add_new(0x01, "LO", f"of creator {number}")


def _last_block(dataset: Dataset) -> None:
    dataset.add_new(0x002900FF, "LO", _CREATOR)
    dataset.add_new(0x0029FF01, "LO", "last block of the group")
    dataset.add_new(0x0029FFFF, "OB", b"\0\1\2\3")


def _private_sequence(dataset: Dataset) -> None:
    block = dataset.private_block(0x0029, _CREATOR, create=True)
    inner = Dataset()
    # The reservation of a block does not reach into items.
    inner.private_block(0x0029, "STEPWEDGE OTHER", create=True).add_new(0x01, "LO", "in an item")
    block.add_new(0x10, "SQ", [inner])
    dataset[0x00291010].is_undefined_length = True


def _private_bulk(dataset: Dataset) -> None:
    block = dataset.private_block(0x0029, _CREATOR, create=True)
    block.add_new(0x01, "OB", bytes(range(256)) * (_BULK // 256))


def _empty_sequence(dataset: Dataset) -> None:
    dataset.ProcedureCodeSequence = []
    dataset.RequestAttributesSequence = []
    dataset["RequestAttributesSequence"].is_undefined_length = True


def _empty_items(dataset: Dataset) -> None:
    open_ended = Dataset()
    open_ended.is_undefined_length_sequence_item = True
    dataset.RequestAttributesSequence = [Dataset(), open_ended]


def _mixed_lengths(dataset: Dataset) -> None:
    open_ended, closed = code("A", "99SW", "One"), code("B", "99SW", "Two")
    open_ended.is_undefined_length_sequence_item = True
    closed.PurposeOfReferenceCodeSequence = [code("C", "99SW", "Three")]
    closed["PurposeOfReferenceCodeSequence"].is_undefined_length = True
    dataset.ProcedureCodeSequence = [open_ended, closed]


def _deep(dataset: Dataset) -> None:
    inner = code("0", "99SW", "Innermost")
    for depth in range(1, _DEPTH):
        inner = item(CodeValue=str(depth), PurposeOfReferenceCodeSequence=[inner])
    dataset.ProcedureCodeSequence = [inner]


def _many_items(dataset: Dataset) -> None:
    dataset.ProcedureCodeSequence = [
        code(str(number), "99SW", "One of many") for number in range(_MANY)
    ]


def _implicit(tag: int, value: bytes) -> bytes:
    return pack("<HHL", tag >> 16, tag & 0xFFFF, len(value)) + value


def _unknown_sequence(dataset: Dataset) -> list[tuple[int, bytes]]:
    inner = _implicit(0x00080100, b"A1") + _implicit(0x00080102, b"99SW")
    inner += _implicit(0x00080104, b"Meaning ")
    raw = pack("<HHL", 0xFFFE, 0xE000, len(inner)) + inner + _END
    return [(_PROCEDURE, element(_PROCEDURE, "UN", raw, length=0xFFFFFFFF))]


def _group_lengths(wrong_by: int) -> Callable[[Dataset], list[tuple[int, bytes]]]:
    def splices(dataset: Dataset) -> list[tuple[int, bytes]]:
        found = []
        for group in sorted({int(one.tag) >> 16 for one in dataset}):
            part = Dataset()
            for one in dataset:
                if int(one.tag) >> 16 == group:
                    part.add(one)
            length = len(encode_dataset(part, ExplicitVRLittleEndian))
            raw = pack("<HH2sHL", group, 0, b"UL", 4, max(length + wrong_by, 0))
            found.append((group << 16, raw))
        return found

    return splices


def _before(tag: int, raw: bytes) -> Callable[[Dataset], list[tuple[int, bytes]]]:
    """Puts `raw` where an element `tag` would stand."""
    return lambda _: [(tag, raw)]


CASES: tuple[OddCase, ...] = (
    OddCase(
        "two-private-creators", "PS3.5 7.8.1",
        "Two creators have reserved a block each in one private group.",
        change=_two_creators,
    ),
    OddCase(
        "last-private-block", "PS3.5 7.8.1",
        "A creator has reserved the last block of a private group.",
        change=_last_block,
    ),
    OddCase(
        "private-in-items", "PS3.5 7.8.1",
        "A private sequence of undefined length has an item with private elements of its own.",
        change=_private_sequence,
    ),
    OddCase(
        "private-megabyte", "PS3.5 7.8", "A private element has a value of a megabyte.",
        change=_private_bulk,
    ),
    OddCase(
        "known-as-unknown", "PS3.5 6.2.2", "A standard attribute is encoded with VR UN.",
        about=("Manufacturer",),
        splices=_before(_MANUFACTURER, element(_MANUFACTURER, "UN", b"STEPWEDGE ")),
    ),
    OddCase(
        "unknown-sequence", "PS3.5 6.2.2",
        "A sequence is encoded as UN of undefined length, its items in implicit VR.",
        about=("ProcedureCodeSequence",), splices=_unknown_sequence,
    ),
    OddCase(
        "value-too-long-for-its-vr", "PS3.5 6.2.2",
        "A value of 70,000 bytes does not fit a length of 16 bits, and is encoded as UN.",
        about=("SoftwareVersions",),
        splices=_before(_SOFTWARE, element(_SOFTWARE, "UN", (b"V1.2.3\\" * 10_000)[:_LONG_VALUE])),
    ),
    OddCase(
        "empty-sequences", "PS3.5 7.5.2",
        "Two sequences have no item, one of defined and one of undefined length.",
        about=("ProcedureCodeSequence", "RequestAttributesSequence"), change=_empty_sequence,
    ),
    OddCase(
        "empty-items", "PS3.5 7.5.1",
        "Two items are empty, one of defined and one of undefined length.",
        about=("RequestAttributesSequence",), change=_empty_items,
    ),
    OddCase(
        "mixed-lengths", "PS3.5 7.5.2",
        "Defined and undefined lengths of sequences and items are mixed.",
        about=("ProcedureCodeSequence",), change=_mixed_lengths,
    ),
    OddCase(
        "nested-32-deep", "PS3.5 7.5", "Sequences are nested 32 deep.",
        about=("ProcedureCodeSequence",), change=_deep,
    ),
    OddCase(
        "ten-thousand-items", "PS3.5 7.5", "A sequence has ten thousand items.",
        about=("ProcedureCodeSequence",), change=_many_items,
    ),
    OddCase(
        "group-lengths", "PS3.5 7.2", "Every group begins with its retired Group Length.",
        about=("PatientName", "PixelData"), splices=_group_lengths(0),
    ),
    # What breaks a rule.
    OddCase(
        "wrong-group-lengths", "PS3.5 7.2", "Every Group Length says two bytes too many.",
        Outcome.MAY_REFUSE, splices=_group_lengths(2),
    ),
    OddCase(
        "private-without-creator", "PS3.5 7.8.1",
        "A private element stands in a block that nobody has reserved.",
        Outcome.MAY_REFUSE, splices=_before(0x00291001, element(0x00291001, "LO", b"whose?")),
    ),
    OddCase(
        "vr-of-the-future", "PS3.5 6.2",
        "A private element has a representation, ZZ, that no edition knows.",
        Outcome.MAY_REFUSE,
        splices=lambda _: [
            (0x00290010, element(0x00290010, "LO", b"STEPWEDGE ODD ")),
            (0x00291001, element(0x00291001, "ZZ", b"later...")),
        ],
    ),
    OddCase(
        "reserved-bytes-used", "PS3.5 7.1.2",
        "The two reserved bytes behind a representation are not zero.",
        Outcome.MAY_REFUSE,
        splices=_before(
            _PROCEDURE, pack("<HH2sHL", _PROCEDURE >> 16, _PROCEDURE & 0xFFFF, b"SQ", 0x2020, 0)
        ),
    ),
    OddCase(
        "element-out-of-order", "PS3.5 7.1",
        "The Study Description stands behind the pixel data.",
        Outcome.MAY_REFUSE,
        splices=lambda _: [
            (_DESCRIPTION, b""),
            (0xFFFCFFFC, element(_DESCRIPTION, "LO", b"at the end")),
        ],
    ),
    OddCase(
        "element-twice", "PS3.5 7.1", "The Study Description is there twice, with two values.",
        Outcome.MAY_REFUSE,
        splices=_before(
            _DESCRIPTION,
            element(_DESCRIPTION, "LO", b"first ") + element(_DESCRIPTION, "LO", b"second"),
        ),
    ),
    OddCase(
        "group-2-in-the-data-set", "PS3.5 7.1",
        "An element of File Meta Information stands in the data set.",
        Outcome.MAY_REFUSE,
        splices=_before(0x00020010, element(0x00020010, "UI", b"1.2.840.10008.1.2.1\0")),
    ),
    OddCase(
        "trailing-padding", "PS3.10 7.2",
        "The data set ends with Data Set Trailing Padding, which belongs to files.",
        Outcome.MAY_REFUSE, splices=_before(0xFFFCFFFC, element(0xFFFCFFFC, "OB", bytes(64))),
    ),
    # What cannot be read to its end.
    OddCase(
        "sequence-without-end", "PS3.5 7.5.2",
        "A sequence of undefined length, at the end of the data set, is never delimited.",
        Outcome.MUST_REFUSE,
        splices=_before(_SIGNATURES, element(_SIGNATURES, "SQ", _ITEM, length=0xFFFFFFFF)),
    ),
)  # fmt: skip
