"""The template path: one encoded instance, patched in place of being built again.

`Template.compile` builds an instance by the model path once, with fields widened to a fixed width,
encodes it, and finds every place where its UIDs, Patient ID, … stand.  `fill` then copies a header
of about a kilobyte, overwrites those places, and hands it back together with the pixel data, which
is never copied.  A filled template is byte for byte what the model path would have written for the
same (padded) values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from stepwedge.errors import UsageError
from stepwedge.synthetic.charsets import CharacterSet
from stepwedge.synthetic.encode import encode_split
from stepwedge.synthetic.model import Instance


@dataclass(frozen=True)
class _Kind:
    """A field that can be filled: its attribute, its width in bytes (0: a UID's), its VR."""

    keyword: str
    width: int
    name: bool = False


# The width of text fields leaves room for what this room makes; trailing spaces in SH, LO, PN and
# IS are padding and not significant (PS3.5 6.2).
_KINDS: dict[str, _Kind] = {
    "sop_instance_uid": _Kind("SOPInstanceUID", 0),
    "series_instance_uid": _Kind("SeriesInstanceUID", 0),
    "study_instance_uid": _Kind("StudyInstanceUID", 0),
    "patient_id": _Kind("PatientID", 48),
    "patient_name": _Kind("PatientName", 64, name=True),
    "accession_number": _Kind("AccessionNumber", 16),
    "instance_number": _Kind("InstanceNumber", 12),
}


@dataclass(frozen=True)
class _Field:
    """Where a field stands in the header, and how a value becomes bytes of its width."""

    offsets: tuple[int, ...]
    encode: Callable[[str], bytes]


@dataclass(frozen=True)
class Template:
    """An encoded data set whose identifying fields can be overwritten.

    `transfer_syntax` and `sop_class_uid` are those of the instance that it was compiled from.
    `pixels` is all that follows the header; it is shared between all that `fill` returns.
    """

    sop_class_uid: str
    transfer_syntax: str
    pixels: memoryview
    _header: bytes
    _fields: dict[str, _Field]

    @classmethod
    def compile(cls, instance: Instance) -> Template:
        """A template of `instance`, by the model path.

        Raises `UsageError` for the deflated transfer syntax, whose bytes cannot be patched.
        """
        if instance.transfer_syntax == DeflatedExplicitVRLittleEndian:
            raise UsageError(
                "a deflated data set cannot be a template: its bytes depend on each other",
                "choose another transfer syntax",
            )
        dataset = instance.build()
        charset = instance.patient.charset
        sentinels = _plant(dataset)
        header, pixels = encode_split(dataset, instance.transfer_syntax)
        fields = {}
        for argument, sentinel in sentinels.items():
            offsets = _find(header, sentinel)
            if not offsets:
                raise UsageError(
                    f"{_KINDS[argument].keyword} is not before the pixel data",
                    "the template path needs it there",
                )
            fields[argument] = _Field(offsets, _encoder(argument, len(sentinel), charset))
        unfilled = cls(instance.sop_class_uid, instance.transfer_syntax, pixels, header, fields)
        return unfilled.bind(
            patient_id=instance.patient.id,
            patient_name=instance.patient.name,
            accession_number=instance.study.accession_number,
            instance_number=instance.number,
        )

    def fill(
        self,
        *,
        sop_instance_uid: str | None = None,
        series_instance_uid: str | None = None,
        study_instance_uid: str | None = None,
        patient_id: str | None = None,
        patient_name: str | None = None,
        accession_number: str | None = None,
        instance_number: int | str | None = None,
    ) -> tuple[bytes, memoryview]:
        """The data set with these values: its header, and the shared rest, pixel data first.

        The concatenation of both is the data set.  What is left out stays as the template has it.
        Raises `UsageError` when a value does not fit into its field, `CannotEncode` when the
        character set cannot say it.
        """
        header = bytearray(self._header)
        fields = self._fields
        for argument, value in (
            ("sop_instance_uid", sop_instance_uid),
            ("series_instance_uid", series_instance_uid),
            ("study_instance_uid", study_instance_uid),
            ("patient_id", patient_id),
            ("patient_name", patient_name),
            ("accession_number", accession_number),
            ("instance_number", instance_number),
        ):
            if value is not None:
                field = fields[argument]
                raw = field.encode(str(value))
                for offset in field.offsets:
                    header[offset : offset + len(raw)] = raw
        return bytes(header), self.pixels

    def bind(self, **values: str | int) -> Template:
        """A template with these values already in place, for all that a series has in common."""
        header, _ = self.fill(**values)  # type: ignore[arg-type]
        return replace(self, _header=header)

    def __len__(self) -> int:
        """The length of a filled data set in bytes."""
        return len(self._header) + len(self.pixels)


def _plant(dataset: Dataset) -> dict[str, bytes]:
    """Puts values of full width into the text fields; returns what to look for, by argument."""
    sentinels = {}
    for argument, kind in _KINDS.items():
        element = dataset[kind.keyword]
        if kind.width:
            # Past pydicom's own check of the value, which an Instance Number would not pass.
            element._value = f"@{kind.keyword}".ljust(kind.width, "@")[: kind.width]
        sentinels[argument] = str(element.value).encode("ascii")
    return sentinels


def _find(header: bytes, sentinel: bytes) -> tuple[int, ...]:
    """Every offset at which `sentinel` stands: UIDs may be referred to within sequences too."""
    offsets = []
    at = header.find(sentinel)
    while at >= 0:
        offsets.append(at)
        at = header.find(sentinel, at + len(sentinel))
    return tuple(offsets)


def _encoder(argument: str, width: int, charset: CharacterSet) -> Callable[[str], bytes]:
    """How a value of `argument` becomes exactly `width` bytes."""
    kind = _KINDS[argument]

    def encode(value: str) -> bytes:
        raw = charset.encode(value, name=kind.name)
        if len(raw) > width or (not kind.width and len(raw) != width):
            raise UsageError(
                f"{argument} {value!r} has {len(raw)} bytes in {charset!r}",
                f"the template's field has {width}"
                + ("" if kind.width else ": use UIDs of stepwedge.synthetic, all of that length"),
            )
        return raw.ljust(width)

    return encode
