"""The Store transaction (STOW-RS, PS3.18 10.5): what is kept, what is refused, and what is said."""

from __future__ import annotations

from collections.abc import Sequence

from pydicom.dataset import Dataset

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.deposits import Deposits
from stepwedge.fixtures.verifiers import expect, expect_same_content, expect_same_set
from stepwedge.fixtures.web.client import BOUNDARY, DICOM, Answer, WebServices, data_set_of, related
from stepwedge.fixtures.web.multipart import Part, join
from stepwedge.synthetic.model import Instance

_WHAT_IS_NONE = b"This is no instance.\n" * 16


def _named(answer: Answer, sequence: str) -> list[str]:
    """The SOP Instance UIDs in a sequence of the Store Instances Response Module."""
    items: Sequence[Dataset] = []
    for one in answer.objects(typed=answer.status == 200):
        items = data_set_of(one).get(sequence) or []
    return [str(item.get("ReferencedSOPInstanceUID", "")) for item in items]


def _kept(answer: Answer) -> list[str]:
    return _named(answer, "ReferencedSOPSequence")


def _failed(answer: Answer) -> list[str]:
    return _named(answer, "FailedSOPSequence")


@check(
    "STOW-001",
    "PS3.18 10.5.3",
    SHALL,
    claim="web.store",
    defects=["web-store-answer-empty"],
)
def test_answer(web: WebServices, deposits: Deposits) -> None:
    """What was stored is answered with 200, and named in Referenced SOP Sequence."""
    instance = deposits.ct()
    answer = web.store([instance.part10()])
    answer.expect(200)
    named, wanted = _kept(answer), [instance.sop_instance_uid]
    expect(named == wanted, f"{wanted}", f"{named}", "Referenced SOP Sequence (0008,1199)")


@check(
    "STOW-002",
    "PS3.18 10.5.3.1",
    SHALL,
    claim="web.store",
    defects=["web-store-not-kept"],
)
def test_found(web: WebServices, deposits: Deposits) -> None:
    """What was answered with 200 is found."""
    instance = deposits.ct()
    deposit = deposits.of(instance)
    web.store([instance.part10()]).expect(200)
    deposits.expect_found(deposit, deposit)


@check(
    "STOW-003",
    "PS3.18 10.5.3",
    SHALL,
    claim="web.store",
    defects=["web-store-pixels-changed"],
)
def test_unaltered(web: WebServices, deposits: Deposits) -> None:
    """What is retrieved is what was stored, element by element and pixel by pixel."""
    instance = deposits.ct()
    web.store([instance.part10()], study=instance.study.uid).expect(200)
    expect_same_content(instance.dataset, deposits.fetch(deposits.of(instance)), "the instance")


@check(
    "STOW-004",
    "PS3.18 10.5.3.1",
    SHALL,
    claim="web.store",
    defects=["web-store-first-only"],
)
def test_several(web: WebServices, deposits: Deposits) -> None:
    """All instances of a request are stored and named, of one study or of several."""
    instances = [*deposits.study("CT", instances=3).instances(), deposits.ct()]
    answer = web.store([instance.part10() for instance in instances])
    answer.expect(200)
    wanted = [instance.sop_instance_uid for instance in instances]
    expect_same_set(_kept(answer), wanted, wanted, "Referenced SOP Sequence")
    stored = [deposits.of(instance) for instance in instances[:3]]
    deposits.expect_found(stored[0], *stored)


@check(
    "STOW-010",
    "PS3.18 10.5.3.1",
    SHALL,
    claim="web.store",
    defects=["web-store-study-unchecked"],
)
def test_another_study(web: WebServices, deposits: Deposits) -> None:
    """An instance of another study than the resource's is refused with 409, and not stored."""
    instance, other = deposits.ct(), deposits.ct()
    answer = web.store([instance.part10()], study=other.study.uid)
    answer.expect(409)
    found = deposits.found(deposits.of(instance))
    expect(not found, "nothing stored", f"{found} is found")


@check(
    "STOW-011",
    "PS3.18 10.5.3.1",
    SHALL,
    claim="web.store",
    defects=["web-store-partial-is-success"],
)
def test_partly(web: WebServices, deposits: Deposits) -> None:
    """When some instances are stored and others are not, the status is 202."""
    good, other = deposits.ct(), deposits.ct()
    web.store([good.part10(), other.part10()], study=good.study.uid).expect(202)


@check(
    "STOW-012",
    "PS3.18 10.5.3.1",
    QUALITY,
    claim="web.store",
    defects=["web-store-failures-untold"],
)
def test_failures_are_named(web: WebServices, deposits: Deposits) -> None:
    """What was not stored is named in Failed SOP Sequence."""
    good, other = deposits.ct(), deposits.ct()
    answer = web.store([good.part10(), other.part10()], study=good.study.uid)
    named = _failed(answer)
    wanted = [other.sop_instance_uid]
    expect(named == wanted, f"{wanted}", f"{named}", "Failed SOP Sequence (0008,1198)")


@check(
    "STOW-020",
    "PS3.18 10.5.3.1",
    SHALL,
    claim="web.store",
    defects=["web-store-any-media"],
)
def test_media_type(web: WebServices, deposits: Deposits) -> None:
    """A media type that no instance can be stored in is refused with 415."""
    body = _body(deposits.ct())
    answer = web.ask("POST", "/studies", content_type="text/plain", body=body)
    answer.expect(415)


@check(
    "STOW-021",
    "PS3.18 10.5.3.1",
    SHALL,
    claim="web.store",
    defects=["web-store-garbage-accepted"],
)
def test_no_instance(web: WebServices) -> None:
    """A part that is no instance is not answered as stored."""
    web.store([_WHAT_IS_NONE]).expect_failure(400, 409)


@check(
    "STOW-022",
    "PS3.18 10.5.3.1",
    QUALITY,
    claim="web.store",
    defects=["web-store-unclosed-accepted"],
)
def test_unclosed(web: WebServices, deposits: Deposits) -> None:
    """A multipart body without its closing delimiter was cut, and is refused."""
    body = _body(deposits.ct()).removesuffix(f"--{BOUNDARY}--\r\n".encode())
    _posted(web, body, BOUNDARY).expect_failure(400)


@check(
    "STOW-023",
    "PS3.18 10.5.3.1",
    SHALL,
    claim="web.store",
    defects=["web-store-bad-multipart-accepted"],
)
def test_another_boundary(web: WebServices, deposits: Deposits) -> None:
    """A body without the boundary of its Content-Type is bad syntax, and not answered as stored."""
    _posted(web, _body(deposits.ct()), "another-one").expect_failure(400)


def _body(instance: Instance) -> bytes:
    return join([Part(DICOM, instance.part10())], BOUNDARY)


def _posted(web: WebServices, body: bytes, boundary: str) -> Answer:
    return web.ask("POST", "/studies", content_type=related(DICOM, boundary=boundary), body=body)
