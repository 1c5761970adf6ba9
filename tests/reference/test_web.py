"""The reference PACS's DICOMweb services, asked by a client that somebody else wrote."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
import requests
from dicomweb_client.api import DICOMwebClient
from dicomweb_client.session_utils import create_session_from_user_pass
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from stepwedge.cli.main import run
from stepwedge.errors import Exit
from stepwedge.fixtures.reference import ReferencePacs
from stepwedge.fixtures.web.multipart import BadMultipart, MediaType, Part, join, split

Make = Callable[..., Dataset]
STUDY = "1.2.826.1"


@pytest.fixture
def front(tmp_path: Path) -> Iterator[ReferencePacs]:
    """A reference PACS with DICOMweb."""
    with ReferencePacs(tmp_path / "pacs", web_port=0) as pacs:
        yield pacs


@pytest.fixture
def client(front: ReferencePacs) -> DICOMwebClient:
    """A client of its services, with the right credentials."""
    return DICOMwebClient(front.web_url, session=create_session_from_user_pass(*front.web_user))


def filed(made: Dataset) -> Dataset:
    """The instance as a file has it, with preamble and File Meta Information."""
    raw = io.BytesIO()
    pydicom.dcmwrite(raw, made, enforce_file_format=True)
    raw.seek(0)
    return pydicom.dcmread(raw)


def test_what_is_stored_is_found_and_retrieved(client: DICOMwebClient, make: Make) -> None:
    """Store, search at each level, and retrieve: the same instances, whole."""
    made = [filed(one) for one in (make(1), make(2), make(1, series="2"))]
    answer = client.store_instances(made)
    assert len(answer.ReferencedSOPSequence) == 3
    (study,) = client.search_for_studies(search_filters={"PatientName": "Müller*"})
    assert study["0020000D"]["Value"] == [STUDY]
    assert study["00201208"]["Value"] == [3]
    assert study["00100010"]["Value"] == [{"Alphabetic": "Müller^Jörg"}]
    assert len(client.search_for_series(STUDY)) == 2
    assert len(client.search_for_instances(STUDY)) == 3
    assert len(client.search_for_instances(STUDY, f"{STUDY}.1")) == 2
    assert len(client.search_for_studies(search_filters={"PatientID": "NOBODY"})) == 0
    whole = client.retrieve_study(STUDY)
    assert {one.SOPInstanceUID for one in whole} == {one.SOPInstanceUID for one in made}
    assert len(client.retrieve_series(STUDY, f"{STUDY}.1")) == 2
    one = client.retrieve_instance(STUDY, f"{STUDY}.1", f"{STUDY}.1.2")
    assert one.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert one.PixelData == made[1].PixelData


def test_metadata_frames_and_bulk_data(client: DICOMwebClient, make: Make) -> None:
    """Metadata name all elements; pixels come as frames, and where the metadata say they are."""
    made = filed(make(1, pixels=64))
    client.store_instances([made])
    place = (STUDY, f"{STUDY}.1", f"{STUDY}.1.1")
    told = client.retrieve_instance_metadata(*place)
    assert {f"{int(element.tag):08X}" for element in made} <= told.keys()
    (frame,) = client.retrieve_instance_frames(*place, [1])
    assert frame == made.PixelData
    (bulk,) = client.retrieve_bulkdata(told["7FE00010"]["BulkDataURI"])
    assert bulk == made.PixelData
    assert np.frombuffer(bulk, "<u2").size == 64 * 64


@pytest.mark.parametrize(
    ("method", "resource", "status"),
    [
        ("GET", "/studies/1.2.3", 404),
        ("GET", "/nothing", 404),
        ("PUT", "/studies", 405),
        ("GET", "/studies?limit=many", 400),
        ("GET", "/studies?NoSuchAttribute=1", 400),
        ("POST", "/studies", 415),
    ],
)
def test_what_cannot_be_served(
    front: ReferencePacs, method: str, resource: str, status: int
) -> None:
    """Each mistake has its status."""
    url = front.web_url + resource
    answer = requests.request(method, url, auth=front.web_user, data=b"?", timeout=10)
    assert answer.status_code == status


def test_a_stranger_is_refused(front: ReferencePacs) -> None:
    """Nothing is told to whom no credentials are shown."""
    answer = requests.get(f"{front.web_url}/studies", timeout=10)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    ("password", "words"),
    [("REFERENCE", "answers; claimed"), ("wrong", "refuses the credentials of the [web] table")],
)
def test_doctor_looks_at_it(
    front: ReferencePacs,
    password: str,
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whether DICOMweb can be asked shows before any check."""
    file = tmp_path / "target.toml"
    file.write_text(
        f'host = "127.0.0.1"\nport = {front.port}\nae_title = "REFERENCE"\n'
        f'claims = ["verification", "web"]\n[web]\nurl = "{front.web_url}"\n'
        f'username = "stepwedge"\npassword = "{password}"\n',
        encoding="utf-8",
    )
    assert run(["doctor", "--target", str(file)]) == Exit.HELD
    assert words in " ".join(capsys.readouterr().out.split())


def test_multipart_is_read_as_it_is_written() -> None:
    """Parts come back as they went in, whatever bytes they hold, after any preamble."""
    parts = [Part("application/dicom", b"\r\n--\0\r\n"), Part("", b"")]
    body = join(parts, "b")
    assert split(body, "b") == parts
    assert split(b"a preamble\r\n" + body + b"an epilogue", "b") == parts


@pytest.mark.parametrize(
    ("body", "boundary", "words"),
    [
        (b"--b\r\n\r\nx\r\n--b--", "", "no boundary"),
        (b"--b\r\n\r\nx\r\n--b--", "other", "nowhere in the body"),
        (b"--b\r\n\r\nx\r\n", "b", "closing delimiter"),
        (b"--b\r\nContent-Type: a/b\r\nx\r\n--b--", "b", "no empty line"),
        (b"--bx\r\n\r\ny\r\n--b--", "b", "does not end its line"),
    ],
)
def test_multipart_that_is_none(body: bytes, boundary: str, words: str) -> None:
    """What is wrong with a body is said in words."""
    with pytest.raises(BadMultipart, match=words):
        split(body, boundary)


def test_media_types() -> None:
    """Names of types and parameters are without case; what is no type has no name."""
    found = MediaType.of('Multipart/Related; TYPE="application/dicom"; boundary=x')
    assert found.name == "multipart/related"
    assert found.parameters == {"type": "application/dicom", "boundary": "x"}
    assert MediaType.of("").name == ""


def test_the_archive_is_the_same(front: ReferencePacs, client: DICOMwebClient, make: Make) -> None:
    """What came by the web is kept as what comes by C-STORE: byte for byte, in its syntax."""
    made = filed(make(1))
    client.store_instances([made])
    (kept,) = front.archive.instances("STUDY", {"STUDY": [STUDY]})
    raw = io.BytesIO()
    pydicom.dcmwrite(raw, made, enforce_file_format=True)
    assert raw.getvalue().endswith(front.archive.read(kept))
