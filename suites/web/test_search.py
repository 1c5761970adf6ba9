"""The Search transaction (QIDO-RS, PS3.18 10.6): what matches, what is said of it, and in pages."""

from __future__ import annotations

from collections.abc import Mapping, MutableSequence
from typing import Any

from pydicom.dataset import Dataset

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.archive import Archive
from stepwedge.fixtures.queries import Queries
from stepwedge.fixtures.verifiers import expect, expect_same_set, uids
from stepwedge.fixtures.web.client import JSON, WebServices, path
from stepwedge.synthetic.corpus import Corpus

# What comes whether it is asked for or not, at each level: Tables 10.6.3-3 to 10.6.3-5.
STUDY = (
    *("StudyDate", "StudyTime", "AccessionNumber", "ModalitiesInStudy", "ReferringPhysicianName"),
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyID"),
    *("NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances"),
)
SERIES = ("Modality", "SeriesInstanceUID", "SeriesNumber", "NumberOfSeriesRelatedInstances")
INSTANCE = ("SOPClassUID", "SOPInstanceUID", "InstanceNumber")


def _fenced(corpus: Corpus, **keys: object) -> dict[str, object]:
    """Keys that ask for this run's studies only."""
    return {"PatientID": f"{corpus.patients[0].id.rsplit('-', 1)[0]}-*", **keys}


def _finds(web: WebServices, archive: Archive, keys: Mapping[str, Any]) -> None:
    """Searches for studies, and demands of this run's data exactly what matches."""
    archive.require()
    corpus = archive.corpus
    own = {study.uid for study in corpus.studies}
    found = [uid for uid in uids(web.search("/studies", keys), "StudyInstanceUID") if uid in own]
    problem = corpus.matching("STUDY", keys).problem(found)
    shown = ", ".join(f"{name}={value}" for name, value in keys.items())
    expect(not problem, f"exactly the studies that match {shown}", problem, "Body")


def _attributes(
    found: list[Dataset], keywords: tuple[str, ...], known: Mapping[str, Any], what: str
) -> None:
    """One match has these attributes, with the values that are known."""
    expect(len(found) == 1, f"one {what}", f"{len(found)}", "Body")
    missing = [keyword for keyword in keywords if keyword not in found[0]]
    expect(not missing, f"{what} with {', '.join(keywords)}", f"without {', '.join(missing)}")
    for keyword in keywords:
        if keyword not in known:
            continue
        held, wanted = found[0].get(keyword), known[keyword]
        expect(_values(held) == _values(wanted), f"{keyword} {wanted!r}", f"{held!r}", keyword)


def _values(value: object) -> list[str]:
    """The values of an attribute as text, in an order of our own; trailing components are none."""
    listed = value if isinstance(value, MutableSequence) else [value]
    return sorted(str(one).rstrip("^ ") for one in listed if one not in (None, ""))


@check(
    "QIDO-001",
    "PS3.18 10.6.3.3",
    SHALL,
    claim="web.search",
    defects=["web-search-media-wrong"],
)
def test_a_study(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """A search for a Study Instance UID answers that study, in DICOM JSON."""
    study = corpus.studies[1]
    archive.require(study)
    answer = web.ask("GET", "/studies", query={"StudyInstanceUID": study.uid}, accept=JSON)
    answer.expect(200)
    found = uids(answer.data_sets(), "StudyInstanceUID")
    expect(found == [study.uid], f"study {study.uid}", f"{found}", "Body")


@check(
    "QIDO-002",
    "PS3.18 10.6.3.3.1",
    SHALL,
    claim="web.search",
    defects=["web-search-attribute-missing", "web-search-count-wrong"],
)
def test_attributes_of_a_study(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """A study comes with the attributes of Table 10.6.3-3, as they were stored."""
    study = corpus.studies[1]
    archive.require(study)
    found = web.search("/studies", {"StudyInstanceUID": study.uid})
    _attributes(found, STUDY, corpus.study_attributes(study), "study")


@check(
    "QIDO-003",
    "PS3.18 10.6.3.3.2",
    SHALL,
    claim="web.search",
    defects=["web-search-attribute-missing", "web-search-count-wrong"],
)
def test_attributes_of_a_series(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """A series comes with the attributes of Table 10.6.3-4, as they were stored."""
    series = corpus.studies[1].series[1]
    archive.require(series.study)
    resource = path("studies", series.study.uid, "series")
    found = web.search(resource, {"SeriesInstanceUID": series.uid})
    _attributes(found, SERIES, corpus.series_attributes(series), "series")


@check(
    "QIDO-004",
    "PS3.18 10.6.3.3.3",
    SHALL,
    claim="web.search",
    defects=["web-search-attribute-missing"],
)
def test_attributes_of_an_instance(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """An instance comes with the attributes of Table 10.6.3-5, as they were stored."""
    instance = corpus.studies[1].series[0].instances[1]
    archive.require(instance.study)
    series = instance.series
    resource = path("studies", series.study.uid, "series", series.uid, "instances")
    found = web.search(resource, {"SOPInstanceUID": instance.sop_instance_uid})
    _attributes(found, INSTANCE, corpus.instance_attributes(instance), "instance")


@check(
    "QIDO-005",
    "PS3.18 10.6.3.3.1",
    SHALL,
    claim="web.retrieve",
    defects=["web-search-retrieve-url-missing"],
)
def test_retrieve_url(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """Who can retrieve says at each study where: Retrieve URL (0008,1190)."""
    study = corpus.studies[1]
    archive.require(study)
    found = web.search("/studies", {"StudyInstanceUID": study.uid})
    told = [str(one.get("RetrieveURL", "")) for one in found]
    right = len(told) == 1 and told[0].rstrip("/").endswith(f"/studies/{study.uid}")
    expect(right, "the URL of the study", f"{told}", "Retrieve URL (0008,1190)")


@check(
    "QIDO-006",
    "PS3.18 8.3.4.4",
    SHALL,
    claim="web.search",
    defects=["web-search-empty-404"],
)
def test_nothing_matches(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """What matches nothing is a success without content, or with an empty array."""
    archive.require(corpus.studies[0])
    answer = web.ask("GET", "/studies", query={"StudyInstanceUID": "2.25.1"}, accept=JSON)
    answer.expect(200, 204)
    expect(not answer.objects(), "no match", answer.words, "Body")


@check(
    "QIDO-010",
    "PS3.18 8.3.4.1",
    SHALL,
    claim="web.search",
    defects=["web-search-patient-id-ignored"],
)
def test_patient_id(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """A Patient ID finds that patient's studies and no others."""
    _finds(web, archive, {"PatientID": corpus.studies[0].patient.id})


@check(
    "QIDO-011",
    "PS3.18 8.3.4.1",
    SHALL,
    claim="web.search",
    defects=["web-search-wildcard-literal"],
)
def test_wild_card(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """A wild card in Patient's Name matches as in C-FIND (PS3.4 C.2.2.2.4)."""
    _finds(web, archive, _fenced(corpus, PatientName="*JOHNATHAN*"))


@check(
    "QIDO-012",
    "PS3.18 8.3.4.1",
    SHALL,
    claim="web.search",
    defects=["web-search-range-ignored"],
)
def test_range_of_dates(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """A range of Study Dates matches as in C-FIND (PS3.4 C.2.2.2.5)."""
    _finds(web, archive, _fenced(corpus, StudyDate="20230101-20230220"))


@check(
    "QIDO-013",
    "PS3.18 8.3.4.1",
    SHALL,
    claim="web.search",
    defects=["web-search-list-cut"],
)
def test_list_of_uids(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """A list of UIDs with commas finds each of them (uid-list-match)."""
    archive.require()
    wanted = [study.uid for study in corpus.studies[:3]]
    found = uids(web.search("/studies", {"StudyInstanceUID": ",".join(wanted)}), "StudyInstanceUID")
    own = [study.uid for study in corpus.studies]
    expect_same_set(found, wanted, own, "a list of three UIDs")


@check(
    "QIDO-014",
    "PS3.18 8.3.4.1",
    SHALL,
    claim="web.search",
    defects=["web-search-tag-ignored"],
)
def test_key_by_tag(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """A key may be given by its tag, as eight hexadecimal digits."""
    archive.require()
    study = corpus.studies[1]
    found = uids(web.search("/studies", {"0020000D": study.uid}), "StudyInstanceUID")
    expect_same_set(found, [study.uid], [one.uid for one in corpus.studies], "0020000D")


@check(
    "QIDO-015",
    "PS3.18 8.3.4.3",
    QUALITY,
    claim="web.search",
    defects=["web-search-include-ignored"],
)
def test_included_field(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """An attribute that includefield names comes with each match."""
    study = corpus.studies[1]
    archive.require(study)
    query = {"StudyInstanceUID": study.uid, "includefield": "StudyDescription"}
    found = web.search("/studies", query)
    told = [str(one.get("StudyDescription", "missing")) for one in found]
    expect(told == [study.description], f"Study Description {study.description!r}", f"{told}")


@check(
    "QIDO-016",
    "PS3.18 F.2",
    SHALL,
    claim="web.search",
    defects=["web-search-charset-mangled"],
)
def test_characters(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """Names beyond ASCII come in UTF-8, whatever character set they were stored in."""
    for study in (corpus.studies[6], corpus.studies[7]):
        archive.require(study)
        found = web.search("/studies", {"StudyInstanceUID": study.uid})
        told = [str(one.get("PatientName", "")).rstrip("^=") for one in found]
        right = told == [study.patient.name]
        expect(
            right, f"Patient's Name {study.patient.name!r}", f"{told}", "Patient's Name (0010,0010)"
        )


@check(
    "QIDO-017",
    "RFC 3986 2.1",
    SHALL,
    claim="web.search",
    defects=["web-search-escapes-literal"],
)
def test_escaped_characters(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """A character of a key that is percent-encoded, as ^ in a name is, stands for itself."""
    _finds(web, archive, _fenced(corpus, PatientName=corpus.studies[5].patient.name))


@check(
    "QIDO-020",
    "PS3.18 10.6.1",
    SHALL,
    claim="web.search",
    defects=["web-search-of-all"],
)
def test_series_of_a_study(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """Below a study exactly its series are found."""
    archive.require()
    study = corpus.studies[5]
    found = uids(web.search(path("studies", study.uid, "series")), "SeriesInstanceUID")
    own = [series.uid for series in corpus.series]
    expect_same_set(found, [series.uid for series in study.series], own, "the series of a study")


@check(
    "QIDO-021",
    "PS3.18 10.6.1",
    SHALL,
    claim="web.search",
    defects=["web-search-of-all-series"],
)
def test_instances_of_a_series(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """Below a series exactly its instances are found."""
    archive.require()
    series = corpus.studies[1].series[0]
    resource = path("studies", series.study.uid, "series", series.uid, "instances")
    found = uids(web.search(resource), "SOPInstanceUID")
    own = [instance.sop_instance_uid for instance in corpus.instances]
    wanted = [instance.sop_instance_uid for instance in series.instances]
    expect_same_set(found, wanted, own, "the instances of a series")


@check(
    "QIDO-030",
    "PS3.18 8.3.4.4",
    SHALL,
    claim="web.search",
    defects=["web-search-limit-ignored"],
)
def test_limit(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """No more matches come than limit allows."""
    archive.require()
    found = web.search("/studies", _fenced(corpus, limit=3))
    expect(len(found) == 3, "3 matches", f"{len(found)}", "Body")


@check(
    "QIDO-031",
    "PS3.18 8.3.4.4",
    SHALL,
    claim="web.search",
    defects=["web-search-offset-ignored"],
)
def test_pages(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """Pages by limit and offset hold each match once."""
    archive.require()
    found: list[str] = []
    for offset in range(0, len(corpus.studies) + 5, 5):
        page = web.search("/studies", _fenced(corpus, limit=5, offset=offset))
        found += uids(page, "StudyInstanceUID")
    own = [study.uid for study in corpus.studies]
    expect_same_set(found, own, own, "all pages together")


@check(
    "QIDO-040",
    "PS3.18 8.3.4.1",
    SHALL,
    claim="web.search",
    defects=["web-search-last-missing"],
)
def test_same_as_c_find(
    web: WebServices, archive: Archive, corpus: Corpus, study_root: Queries
) -> None:
    """A search finds what a C-FIND with the same keys finds."""
    archive.require()
    own = [study.uid for study in corpus.studies]
    keys = {"PatientID": corpus.studies[0].patient.id}
    by_dimse = uids(study_root.ask("STUDY", keys).matches, "StudyInstanceUID")
    found = uids(web.search("/studies", keys), "StudyInstanceUID")
    expect_same_set(found, [uid for uid in by_dimse if uid in own], own, "what C-FIND finds")
