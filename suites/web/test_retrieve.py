"""The Retrieve transaction (WADO-RS, PS3.18 10.4): instances, metadata, frames and bulk data."""

from __future__ import annotations

from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.archive import Archive
from stepwedge.fixtures.deposits import Deposits
from stepwedge.fixtures.overhttp import origin
from stepwedge.fixtures.verifiers import (
    expect,
    expect_same_content,
    expect_same_set,
    uids,
)
from stepwedge.fixtures.web.client import DICOM, JSON, OCTETS, Answer, WebServices, path, related
from stepwedge.synthetic.corpus import Corpus
from stepwedge.synthetic.model import Instance
from stepwedge.verdicts import Blocked, Deviation

# Instances as they are stored, or as near to it as the web allows.
STORED = related(DICOM, transfer_syntax="*")


def _of(instance: Instance, *more: object) -> str:
    """The resource of an instance."""
    series = instance.series
    return path(
        *("studies", series.study.uid, "series", series.uid),
        *("instances", instance.sop_instance_uid, *more),
    )


def _retrieved(web: WebServices, resource: str, accept: str) -> Answer:
    """A resource that is there, in a media type."""
    answer = web.get(resource, accept)
    answer.expect(200)
    return answer


@check(
    "WADO-001",
    "PS3.18 10.4",
    SHALL,
    claim="web.retrieve",
    defects=["web-retrieve-instance-missing"],
)
def test_study(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """A study comes with each of its instances, once."""
    study = corpus.studies[1]
    archive.require(study)
    answer = _retrieved(web, path("studies", study.uid), STORED)
    wanted = [instance.sop_instance_uid for instance in study.instances()]
    expect_same_set(uids(answer.instances(), "SOPInstanceUID"), wanted, wanted, "the study")


@check(
    "WADO-002",
    "PS3.18 10.4",
    SHALL,
    claim="web.retrieve",
    defects=["web-retrieve-series-of-study"],
)
def test_series(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """A series comes with its instances and no others of the study."""
    study = corpus.studies[1]
    archive.require(study)
    series = study.series[1]
    answer = _retrieved(web, path("studies", study.uid, "series", series.uid), STORED)
    own = [instance.sop_instance_uid for instance in study.instances()]
    wanted = [instance.sop_instance_uid for instance in series.instances]
    expect_same_set(uids(answer.instances(), "SOPInstanceUID"), wanted, own, "the series")


@check(
    "WADO-003",
    "PS3.18 8.7.3",
    SHALL,
    claim="web.retrieve",
    defects=["web-retrieve-no-header"],
)
def test_files(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """An instance of application/dicom is a file of PS3.10, whose header names it."""
    instance = corpus.studies[0].instances()[0]
    archive.require(instance.study)
    answer = _retrieved(web, _of(instance), STORED)
    found = answer.instances()
    expect(len(found) == 1, "one part", f"{len(found)}", "Body")
    named = str(found[0].file_meta.get("MediaStorageSOPInstanceUID", ""))
    wanted = instance.sop_instance_uid
    expect(named == wanted, f"Media Storage SOP Instance UID {wanted}", named or "none")


@check(
    "WADO-004",
    "PS3.18 10.4",
    SHALL,
    claim="web.retrieve",
    defects=["web-retrieve-pixels-changed"],
)
def test_unaltered(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """What comes is what was stored, element by element and pixel by pixel."""
    for instance in (corpus.studies[0].instances()[1], corpus.studies[6].instances()[0]):
        archive.require(instance.study)
        answer = _retrieved(web, _of(instance), STORED)
        (found,) = answer.instances() or [None]
        if found is None:
            raise Deviation("one part", "none", "Body")
        expect_same_content(instance.dataset, found, "the instance")


@check(
    "WADO-005",
    "PS3.18 8.7.3.5.1",
    SHALL,
    claim="web.retrieve",
    defects=["web-part-type-missing", "web-multipart-unclosed"],
)
def test_multipart(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """A multipart answer names type and boundary, is closed, and each part has its media type."""
    study = corpus.studies[0]
    archive.require(study)
    answer = _retrieved(web, path("studies", study.uid), STORED)
    told = answer.media_type.parameters.get("type", "")
    expect(told == DICOM, f"type={DICOM}", f"type={told}", "Content-Type")
    named = {part.media_type.name for part in answer.parts()}
    shown = ", ".join(sorted(name or "no media type" for name in named))
    expect(named == {DICOM}, f"parts of {DICOM}", shown, "Content-Type")


@check(
    "WADO-006",
    "PS3.18 8.7.3",
    SHALL,
    claim="web.retrieve",
    defects=["web-retrieve-implicit"],
)
def test_default_transfer_syntax(web: WebServices, deposits: Deposits) -> None:
    """Without a transfer syntax asked for, Explicit VR Little Endian comes, never Implicit VR."""
    instance = deposits.ct(str(ImplicitVRLittleEndian))
    deposits.keep(deposits.of(instance))
    answer = _retrieved(web, _of(instance), related(DICOM))
    told = {str(found.file_meta.get("TransferSyntaxUID", "")) for found in answer.instances()}
    wanted = str(ExplicitVRLittleEndian)
    expect(told == {wanted}, f"Transfer Syntax UID {wanted}", f"{sorted(told)}")


@check(
    "WADO-007",
    "PS3.18 8.5",
    SHALL,
    claim="web.retrieve",
    defects=["web-retrieve-unknown-empty"],
)
def test_unknown_study(web: WebServices) -> None:
    """A study that does not exist is answered with 404 (or 410)."""
    web.get(path("studies", "2.25.1"), STORED).expect(404, 410)


@check(
    "WADO-008",
    "PS3.18 8.7.5",
    QUALITY,
    claim="web.retrieve",
    defects=["web-accept-ignored"],
)
def test_not_acceptable(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """When no acceptable media type can be had, the answer is 406."""
    study = corpus.studies[0]
    archive.require(study)
    web.get(path("studies", study.uid), "application/x-nothing").expect(406)


@check(
    "WADO-010",
    "PS3.18 10.4.3.3.2",
    SHALL,
    claim="web.retrieve",
    defects=["web-metadata-last-missing"],
)
def test_metadata_of_a_study(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """Metadata hold an object for each instance of the study."""
    study = corpus.studies[1]
    archive.require(study)
    answer = _retrieved(web, path("studies", study.uid, "metadata"), JSON)
    wanted = [instance.sop_instance_uid for instance in study.instances()]
    expect_same_set(uids(answer.data_sets(), "SOPInstanceUID"), wanted, wanted, "the metadata")


@check(
    "WADO-011",
    "PS3.18 10.4.3.3.2",
    SHALL,
    claim="web.retrieve",
    defects=["web-metadata-attribute-missing"],
)
def test_metadata_are_whole(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """Metadata hold all attributes of an instance."""
    instance = corpus.studies[0].instances()[0]
    archive.require(instance.study)
    answer = _retrieved(web, _of(instance, "metadata"), JSON)
    (told,) = answer.objects() or [{}]
    wanted = [e for e in instance.dataset if e.keyword and not e.tag.is_private]
    missing = [e.keyword for e in wanted if f"{int(e.tag):08X}" not in told]
    missing = [keyword for keyword in missing if keyword != "PixelData"]
    expect(not missing, "all attributes that were stored", f"without {', '.join(missing)}", "Body")


@check(
    "WADO-012",
    "PS3.18 10.4.3.3.2",
    SHALL,
    claim="web.retrieve",
    defects=["web-metadata-pixels-missing", "web-bulk-data-cut"],
)
def test_bulk_data(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """Pixel data stand in the metadata, or a URI at which they are."""
    instance = corpus.studies[0].instances()[0]
    archive.require(instance.study)
    answer = _retrieved(web, _of(instance, "metadata"), JSON)
    (told,) = answer.objects() or [{}]
    element = told.get("7FE00010", {})
    where = str(element.get("BulkDataURI", ""))
    expect(
        bool(where) or "InlineBinary" in element,
        "Pixel Data with BulkDataURI or InlineBinary",
        f"{str(element)[:80] or 'none'}",
        "Pixel Data (7FE0,0010)",
    )
    if not where:
        return
    resource = where if "://" in where else _beside(_of(instance), where)
    if "://" in where and origin(where) != origin(web.settings.url):
        raise Blocked(f"the pixel data are said to be at {origin(where)}, which is not the target")
    there = web.ask("GET", resource, accept=f"{related(OCTETS)}, */*")
    there.expect(200)
    is_multipart = there.media_type.name == "multipart/related"
    value = there.parts()[0].body if is_multipart else there.body
    pixels = bytes(instance.dataset.PixelData)
    same = value.rstrip(b"\0") == pixels.rstrip(b"\0")
    expect(same, f"the {len(pixels)} bytes of the pixel data", f"{len(value)} bytes", "Body")


def _beside(resource: str, where: str) -> str:
    """A URI that is relative to an instance, as a path below the root of the services."""
    return where if where.startswith("/") else f"{resource}/{where}"


@check(
    "WADO-020",
    "PS3.18 10.4.1",
    SHALL,
    claim="web.retrieve",
    defects=["web-frames-from-zero"],
)
def test_frames(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """Frames come by their numbers, counted from one."""
    instance = corpus.studies[6].instances()[0]
    archive.require(instance.study)
    pixels = bytes(instance.dataset.PixelData)
    count = int(instance.dataset.NumberOfFrames)
    size = len(pixels) // count
    for number in (1, count):
        answer = _retrieved(web, _of(instance, "frames", number), related(OCTETS))
        parts = answer.parts()
        expect(len(parts) == 1, "one frame", f"{len(parts)}", "Body")
        wanted = pixels[(number - 1) * size : number * size]
        is_right = parts[0].body == wanted
        expect(is_right, f"the {size} bytes of frame {number}", f"{len(parts[0].body)} others")


@check(
    "WADO-021",
    "PS3.18 8.5",
    SHALL,
    claim="web.retrieve",
    defects=["web-frames-beyond-clamped"],
)
def test_frame_beyond(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """A frame that an instance does not have is refused."""
    instance = corpus.studies[6].instances()[0]
    archive.require(instance.study)
    web.get(_of(instance, "frames", 99), related(OCTETS)).expect_failure(404, 400)
