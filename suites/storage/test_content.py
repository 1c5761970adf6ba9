"""What is stored comes back as it was (PS3.4 B.4.1).

A server of level 0 or 1 may discard what is not Type 1 or 2.  So elements of Type 1 and 2 are
looked at one by one; whole data sets are compared where the target claims level 2.
"""

from __future__ import annotations

from pydicom import Dataset
from pydicom.dataelem import DataElement
from pydicom.tag import Tag

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.deposits import Deposits
from stepwedge.fixtures.dimse import decode
from stepwedge.fixtures.verifiers import expect
from stepwedge.synthetic.charsets import UTF_8
from stepwedge.synthetic.modules import code, item

IMPLICIT = "1.2.840.10008.1.2"


@check("STORE-101", "PS3.4 B.4.1", SHALL, claim="full-storage", defects=["store-alters-attribute"])
def test_whole_instance(deposits: Deposits) -> None:
    """A CT image comes back with every element that it was sent with."""
    deposits.expect_kept(deposits.of(deposits.ct()), "a CT image")


@check("STORE-102", "PS3.4 B.4.1", SHALL, claim="storage.ct", defects=["store-changes-pixels"])
def test_pixel_data(deposits: Deposits) -> None:
    """Pixel data comes back bit for bit."""
    deposit = deposits.of(deposits.ct())
    deposits.keep(deposit)
    sent, got = decode(deposit.data, deposit.syntax).PixelData, deposits.fetch(deposit).PixelData
    differing = sum(a != b for a, b in zip(sent, got, strict=False)) + abs(len(sent) - len(got))
    expect(
        not differing,
        f"the {len(sent)} bytes that were sent",
        f"{len(got)} bytes, {differing} of them different",
        "Pixel Data (7FE0,0010)",
    )


@check("STORE-103", "PS3.4 B.4.1", SHALL, claim="storage.ct", defects=["store-truncates-name"])
def test_long_name(deposits: Deposits) -> None:
    """A Patient's Name of 64 characters comes back whole."""
    name = "^".join(("W" * 30, "X" * 20, "Y" * 12))

    def rename(dataset: Dataset) -> None:
        dataset.PatientName = name

    deposits.expect_kept(
        deposits.of(deposits.ct(), rename), "an image with a long name", "PatientName"
    )


@check(
    "STORE-104", "PS3.4 B.4.1", SHALL, claim="full-storage", defects=["store-drops-sequence-items"]
)
def test_sequences(deposits: Deposits) -> None:
    """Sequences come back with all their items, nested ones too."""

    def nest(dataset: Dataset) -> None:
        step = item(
            ScheduledProcedureStepID="S1",
            ScheduledProtocolCodeSequence=[code("A", "99SW", "One"), code("B", "99SW", "Two")],
        )
        dataset.RequestAttributesSequence = [step, item(RequestedProcedureID="R2")]

    deposits.expect_kept(deposits.of(deposits.ct(), nest), "an image with nested sequences")


@check("STORE-105", "PS3.4 B.4.1", SHALL, claim="storage.ct", defects=["store-drops-empty"])
def test_empty_elements(deposits: Deposits) -> None:
    """Type 2 elements of zero length come back, and come back empty."""

    def empty(dataset: Dataset) -> None:
        dataset.PatientBirthDate = ""
        dataset.ReferringPhysicianName = ""
        dataset.AccessionNumber = ""

    deposits.expect_kept(
        deposits.of(deposits.ct(), empty),
        "an image with empty elements",
        "PatientBirthDate",
        "ReferringPhysicianName",
        "AccessionNumber",
    )


@check("STORE-106", "PS3.4 B.4.1", SHALL, claim="full-storage", defects=["store-drops-private"])
def test_private_elements(deposits: Deposits) -> None:
    """Private elements come back with their creator."""

    def add(dataset: Dataset) -> None:
        block = dataset.private_block(0x0029, "STEPWEDGE CHECK", create=True)
        block.add_new(0x01, "LO", "private text")
        block.add_new(0x02, "OB", bytes(range(64)))
        block.add_new(0x03, "DS", ["1.5", "-2"])

    deposits.expect_kept(deposits.of(deposits.ct(), add), "an image with private elements")


@check("STORE-107", "PS3.4 B.4.1", SHALL, claim="full-storage", defects=["store-drops-retired"])
def test_retired_elements(deposits: Deposits) -> None:
    """Retired elements come back."""

    def add(dataset: Dataset) -> None:
        dataset.OtherPatientIDs = ["OLD-1", "OLD-2"]

    deposits.expect_kept(deposits.of(deposits.ct(), add), "an image with a retired element")


@check("STORE-108", "PS3.4 B.4.1", SHALL, claim="full-storage", defects=["store-drops-unknown"])
def test_unknown_elements(deposits: Deposits) -> None:
    """An element that no edition of the standard knows comes back, VR UN."""

    def add(dataset: Dataset) -> None:
        dataset.add(DataElement(Tag(0x0018, 0xFFF0), "UN", b"unknown element."))

    deposits.expect_kept(deposits.of(deposits.ct(), add), "an image with an unknown element")


@check("STORE-109", "PS3.4 B.4.1", SHALL, claim="full-storage", defects=["store-truncates-text"])
def test_long_text(deposits: Deposits) -> None:
    """A text of 10,000 characters comes back whole."""

    def add(dataset: Dataset) -> None:
        dataset.ImageComments = "0123456789" * 1000

    deposits.expect_kept(deposits.of(deposits.ct(), add), "an image with a long text")


@check("STORE-110", "PS3.4 B.4.1", SHALL, claim="storage.ct", defects=["store-rounds-decimals"])
def test_decimal_strings(deposits: Deposits) -> None:
    """Decimal strings come back with all their digits."""

    def put(dataset: Dataset) -> None:
        dataset.PixelSpacing = ["0.1234567890123", "0.1234567890124"]
        dataset.RescaleIntercept = "-1024.0000000001"

    deposits.expect_kept(
        deposits.of(deposits.ct(), put),
        "an image with long decimals",
        "PixelSpacing",
        "RescaleIntercept",
    )


@check("STORE-111", "PS3.4 B.4.1", SHALL, claim="storage.ct", defects=["store-charset-dropped"])
def test_character_set(deposits: Deposits) -> None:
    """Texts beyond ASCII come back as the same texts, in a character set that is named."""
    study = deposits.study("CT", charset=UTF_8, name="Хранилище^Один=保管^一")
    deposits.expect_kept(
        deposits.of(study.instances()[0]),
        "an image with a name in UTF-8",
        "PatientName",
    )


@check(
    "STORE-112", "PS3.5 7.5", QUALITY, claim="full-storage", defects=["store-deep-nesting-refused"]
)
def test_deep_nesting(deposits: Deposits) -> None:
    """Sequences nested twelve deep are taken and come back."""

    def nest(dataset: Dataset) -> None:
        inner = code("12", "99SW", "Innermost")
        for depth in range(11):
            inner = item(CodeValue=str(depth), PurposeOfReferenceCodeSequence=[inner])
        dataset.ProcedureCodeSequence = [inner]

    deposits.expect_kept(deposits.of(deposits.ct(), nest), "an image with deep sequences")


@check(
    "STORE-113",
    "PS3.5 7.5.2",
    SHALL,
    claim="full-storage",
    defects=["store-undefined-length-refused"],
)
def test_undefined_lengths(deposits: Deposits) -> None:
    """Sequences and items of undefined length are taken and come back."""

    def nest(dataset: Dataset) -> None:
        inner = code("A", "99SW", "One")
        inner.is_undefined_length_sequence_item = True
        dataset.ProcedureCodeSequence = [inner]
        dataset["ProcedureCodeSequence"].is_undefined_length = True

    deposits.expect_kept(deposits.of(deposits.ct(), nest), "an image with undefined lengths")


@check("STORE-114", "PS3.5 10.1", SHALL, claim="storage.ct", defects=["store-implicit-refused"])
def test_implicit_little_endian(deposits: Deposits) -> None:
    """An image in Implicit VR Little Endian, the default, is taken and comes back."""
    deposits.expect_kept(deposits.of(deposits.ct(IMPLICIT)), "an image in implicit VR", "PixelData")


@check("STORE-115", "PS3.4 B.4.1", QUALITY, claim="storage.ct", defects=["store-large-refused"])
def test_large_instance(deposits: Deposits) -> None:
    """An image of 2048 × 2048 pixels, eight megabytes in many PDUs, is taken and comes back."""
    study = deposits.study("CT", rows=2048)
    deposits.expect_kept(deposits.of(study.instances()[0]), "a large image", "PixelData")
