"""Who may ask DICOMweb services, and what is no service of theirs."""

from __future__ import annotations

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.archive import Archive
from stepwedge.fixtures.verifiers import expect
from stepwedge.fixtures.web.client import JSON, WebServices, path
from stepwedge.synthetic.corpus import Corpus


@check(
    "WEB-001",
    "RFC 9110 15.5.2",
    SHALL,
    claim="web.authentication",
    defects=["web-open"],
)
def test_without_credentials(web: WebServices) -> None:
    """A request without credentials is refused with 401, which says how to show some."""
    answer = web.ask("GET", "/studies", query={"limit": 1}, accept=JSON, credentials=False)
    answer.expect(401)
    how = answer.header("WWW-Authenticate")
    expect(bool(how), "a WWW-Authenticate header field", "none", "WWW-Authenticate")


@check(
    "WEB-002",
    "RFC 9110 15.5.2",
    SHALL,
    claim="web.authentication",
    defects=["web-any-password"],
)
def test_wrong_credentials(web: WebServices) -> None:
    """A request with a wrong password is refused."""
    wrong = (web.settings.username or "stepwedge", "wrong")
    answer = web.ask("GET", "/studies", query={"limit": 1}, accept=JSON, credentials=wrong)
    answer.expect(401, 403)


@check(
    "WEB-003",
    "RFC 9110 15.5.5",
    QUALITY,
    claim="web",
    defects=["web-unknown-resource-empty"],
)
def test_unknown_resource(web: WebServices) -> None:
    """A resource that does not exist is answered with 404."""
    web.ask("GET", "/nothing-of-the-kind", accept=JSON).expect(404)


@check(
    "WEB-004",
    "RFC 9110 15.5.6",
    QUALITY,
    claim="web.search",
    defects=["web-any-method"],
)
def test_unknown_method(web: WebServices, archive: Archive, corpus: Corpus) -> None:
    """A method that a resource does not have is refused."""
    study = corpus.studies[0]
    archive.require(study)
    resource = path("studies", study.uid, "series")
    answer = web.ask("PATCH", resource, content_type=JSON, body=b"[]")
    expect(400 <= answer.status < 600, "status 405", answer.words, "Status")
