"""A claims file: what it says is read back, and what is wrong with it is said all at once."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from stepwedge.errors import UsageError
from stepwedge.fixtures.servers import claims_of
from stepwedge.statement import implied, load_statement, names, render
from stepwedge.statement.load import statement_of
from stepwedge.statement.orthanc import read_orthanc
from stepwedge.statement.tables import read_tables
from stepwedge.target import load_target

CT = "1.2.840.10008.5.1.4.1.1.2"
GOOD = """
character_sets = ["ISO_IR 100"]
[limits]
max_pdu = 16384
[[sop_classes]]
classes = ["CT Image Storage", "Verification", "StudyRootQueryRetrieveInformationModelFind"]
transfer_syntaxes = ["plain"]
[transfer_syntax_sets]
plain = ["Implicit VR Little Endian", "1.2.840.10008.1.2.1"]
[keys.study-root.STUDY]
StudyDate = ["single", "range"]
"0008,0061" = ["returned"]
[status]
store = ["0000", "A7xx"]
"""


def mistakes(text: str) -> str:
    """What is said of a claims file that is wrong."""
    with pytest.raises(UsageError) as caught:
        statement_of(tomllib.loads(text), "claims.toml")
    return caught.value.problem


def offer(
    *lines: str, classes: str = '["CT Image Storage"]', syntaxes: str = '["1.2.840.10008.1.2"]'
) -> str:
    """A claims file with one offer, and more below it."""
    head = f"[[sop_classes]]\nclasses = {classes}\ntransfer_syntaxes = {syntaxes}\n"
    return head + "\n".join(lines)


FIND = '["StudyRootQueryRetrieveInformationModelFind"]'


def test_names_uids_and_tags_mean_the_same() -> None:
    """SOP classes and transfer syntaxes go by name or UID, attributes by keyword or tag."""
    statement = statement_of(tomllib.loads(GOOD), "claims.toml")
    assert statement.offered("SCP")[CT] == ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
    assert statement.matching("study-root", "STUDY", "ModalitiesInStudy") == ("returned",)


def test_what_is_rendered_reads_back_the_same() -> None:
    """A rendered statement says what the statement said."""
    for statement in (
        statement_of(tomllib.loads(GOOD), "claims.toml"),
        load_statement(claims_of("reference")),
    ):
        again = statement_of(tomllib.loads(render(statement, ["a note"])), "again")
        assert again.offered("SCP") == statement.offered("SCP")
        assert (again.keys, again.status) == (statement.keys, statement.status)
        assert (again.limits, again.association) == (statement.limits, statement.association)
        assert again.character_sets == statement.character_sets


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[limit]\nmax_pdu = 1", "limit: is no section of a claims file; did you mean 'limits'?"),
        (
            "[limits]\nmax_pud = 1",
            "limits.max_pud: is no key of this section; did you mean 'max_pdu'?",
        ),
        ("[limits]\nmax_associations = 0", "limits.max_associations: read 0; expected at least 1"),
        ("[limits]\nartim_timeout = 0", "artim_timeout: read 0; expected a number above 0"),
        (
            offer(classes='["CT Image Strage"]'),
            "is no SOP class of PS3.6; did you mean 'CT Image Storage'?",
        ),
        (
            offer(classes='["1.2.840.10008.5.1.4.1.1.22"]'),
            "is no SOP class of PS3.6; did you mean 1.2.840.10008.5.1.4.1.1.2",
        ),
        (
            offer(classes='["1.2.840.10008.1.2"]'),
            "is Implicit VR Little Endian, which is no SOP class",
        ),
        (offer(syntaxes="[]"), "CT Image Storage cannot be offered without a transfer syntax"),
        (
            offer(syntaxes='["plane"]') + '\n[transfer_syntax_sets]\nplain = ["RLELossless"]',
            "'plain'?",
        ),
        (
            offer("[keys.study-root.STUDY]", 'PatientNmae = ["single"]', classes=FIND),
            "'PatientNmae' is no keyword or tag of PS3.6; did you mean 'PatientName'?",
        ),
        (
            offer("[keys.study-root.STUDY]", '"0008,9999" = ["single"]', classes=FIND),
            "keys.study-root.STUDY.0008,9999: 0008,9999 is no tag of PS3.6",
        ),
        (
            offer("[keys.study-root.STUDY]", 'PatientName = ["range"]', classes=FIND),
            "range matching does not exist for its VR PN, only for DA, DT, TM",
        ),
        (
            offer("[keys.study-root.STUDY]", 'StudyDate = ["wildcrad"]', classes=FIND),
            "read 'wildcrad'; expected one of single",
        ),
        (
            offer("[keys.study-root.PATIENT]", 'PatientID = ["single"]', classes=FIND),
            "is no level of this model; its levels are STUDY, SERIES, IMAGE",
        ),
        (
            offer("[keys.study-root.STUDY]", 'PatientID = ["single"]'),
            "keys are claimed, but Study Root Query/Retrieve Information Model - FIND is not",
        ),
        (offer("[status]", 'fnid = ["0000"]'), "status.fnid: is no service; did you mean 'find'?"),
        (offer("[status]", 'store = ["A7"]'), "expected four hexadecimal digits"),
        (offer("[status]", 'find = ["0000"]'), "no SOP class of this service is claimed as SCP"),
        ('character_sets = ["ISO_IR 10"]', "is no Defined Term of PS3.3 C.12.1.1.2; did you mean"),
    ],
)
def test_each_mistake_says_how_to_mend_it(text: str, said: str) -> None:
    """A mistake is a sentence with its place, what was read and what was expected."""
    assert said in mistakes(text)


def test_all_mistakes_are_told_at_once() -> None:
    """One section's mistakes do not hide those of another."""
    text = offer(
        "[limits]", "max_associations = 0", "[keys.study-root.STUDY]", 'StudyDate = ["list"]',
        "[statsu]", 'store = ["0000"]',
    )  # fmt: skip
    lines = mistakes(text).splitlines()
    assert len(lines) == 5
    assert "keys are claimed, but" in lines[-1]


def test_a_claims_file_implies_the_dotted_claims() -> None:
    """What selects checks follows from the file; a parent only when all children do."""
    claims = implied(statement_of(tomllib.loads(GOOD), "claims.toml"))
    assert claims == ("verification", "storage.ct", "find.study", "charset.latin1", "statement")
    everything = implied(load_statement(claims_of("reference")))
    assert {"storage", "find", "move", "get", "objects", "keys", "charset"} <= set(everything)


def test_a_target_takes_its_claims_from_the_file(tmp_path: Path) -> None:
    """The target's dotted claims and declared values are those of its claims file."""
    (tmp_path / "claims.toml").write_text(GOOD, encoding="utf-8")
    target = tmp_path / "target.toml"
    lines = 'host = "127.0.0.1"\nport = 104\nae_title = "X"\nclaims_file = "claims.toml"\n'
    target.write_text(lines + 'claims = ["strict"]\n', encoding="utf-8")
    found = load_target(target, environment={})
    assert found.is_claimed("storage.ct") and found.is_claimed("strict")
    assert not found.is_claimed("move.study")
    assert found.declared.max_pdu == 16384
    target.write_text(lines + 'claims = ["move"]\n[declared]\nmax_pdu = 1\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"claims .move., which the file does not"):
        load_target(target, environment={})
    target.write_text(lines.replace("claims.toml", "none.toml"), encoding="utf-8")
    with pytest.raises(UsageError, match="there is no claims file"):
        load_target(target, environment={})


def test_a_claimed_profile_of_tls_is_the_targets(tmp_path: Path) -> None:
    """The profile that the checks of TLS hold a target to is the one of its claims file."""
    claims = tmp_path / "claims.toml"
    claims.write_text(
        f'{GOOD}\n[security]\ntls = ["AES TLS", "Modified BCP 195 RFC 8996, 9325 TLS", "B.12"]\n',
        encoding="utf-8",
    )
    target = tmp_path / "target.toml"
    lines = 'host = "127.0.0.1"\nport = 2762\nae_title = "X"\nclaims_file = "claims.toml"\n[tls]\n'
    target.write_text(lines, encoding="utf-8")
    found = load_target(target, environment={})
    assert found.tls.profile == "modified-bcp195-rfc9325"
    assert found.is_claimed("tls.modified-bcp195")
    again = render(load_statement(claims))
    assert 'tls = ["aes", "modified-bcp195-rfc9325", "bcp195-rfc9325"]' in again
    target.write_text(lines + 'profile = "basic"\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"tls.profile is 'basic' here and"):
        load_target(target, environment={})
    claims.write_text(f'{GOOD}\n[security]\ntls = ["SSL"]\n', encoding="utf-8")
    with pytest.raises(UsageError, match="no Secure Transport Connection Profile"):
        load_statement(claims)


ORTHANC = """
======================================
DICOM Conformance Statement of Orthanc
======================================

---------------------
Store SCP Conformance
---------------------

Orthanc supports the following SOP Classes as an SCP for C-Store:

  CTImageStorage                 | 1.2.840.10008.5.1.4.1.1.2
  RETIRED_Something              | 1.2.840.10008.5.1.4.1.1.999

---------------------
Store SCU Conformance
---------------------

All the SOP Classes that are listed in the "Store SCP Conformance"
(see above) section are available as an SCU for C-Store.

-----------------
Transfer Syntaxes
-----------------

  LittleEndianImplicitTransferSyntax | 1.2.840.10008.1.2
"""


def test_orthancs_text_is_read() -> None:
    """Sections tell service and role; what PS3.6 does not know is left out and said."""
    statement, notes = read_orthanc(ORTHANC, "statement.txt")
    assert statement.offered("SCP") == statement.offered("SCU") == {CT: ("1.2.840.10008.1.2",)}
    assert "left out RETIRED_Something" in notes[0]
    with pytest.raises(UsageError, match="names no SOP classes"):
        read_orthanc("Orthanc", "statement.txt")


def test_tables_are_read(tmp_path: Path) -> None:
    """Each row says by its form what it is; impossible matching is left out and said."""
    keys = tmp_path / "study-root-c-find-elements.csv"
    keys.write_text(
        '"Study Level"\n"Study Date", "0008,0020", "DA", "S,*,U,R"\n'
        '"Patient ID", "(0010,0020)", "LO", "NONE"\n"Series Level"\n'
        '"Modality", "00080060", "CS", "S,*,U,M"\n',
        encoding="utf-8",
    )
    classes = tmp_path / "sop-classes.csv"
    classes.write_text(
        '"**Image Storage:**",,,\n"CT Image Storage", "1.2.840.10008.5.1.4.1.1.2", "No", "Yes"\n'
        '"RLE Lossless", "1.2.840.10008.1.2.5"\n"Latin alphabet No. 1", "ISO_IR 100", "8859/1"\n'
        '"Maximum number of simultaneous Associations requested by peer AEs", "25"\n',
        encoding="utf-8",
    )
    status = tmp_path / "c-store-status.csv"
    status.write_text('"Refused", "Out of Resources", "A700", "…"\n', encoding="utf-8")
    statement, notes = read_tables([classes, keys, status])
    assert statement.offered("SCP")[CT] == ("1.2.840.10008.1.2.5",)
    assert statement.matching("study-root", "STUDY", "StudyDate") == (
        "single",
        "universal",
        "range",
    )
    assert statement.matching("study-root", "STUDY", "PatientID") == ("returned",)
    assert statement.matching("study-root", "SERIES", "Modality")[-1] == "multiple"
    assert (statement.limits.max_associations, statement.character_sets) == (25, ("ISO_IR 100",))
    assert statement.status == {"store": ("A700",)}
    assert any("wildcard matching does not exist for VR DA" in note for note in notes)
    assert statement_of(tomllib.loads(render(statement)), "again").keys == statement.keys
    with pytest.raises(UsageError, match="no row of these tables"):
        status.write_text("nothing,here\n", encoding="utf-8")
        read_tables([status])


def test_a_retired_name_is_told_from_the_other() -> None:
    """Two SOP classes of one name, one of them retired, are shown differently."""
    assert names.name("1.2.840.10008.5.1.4.1.1.6.1") == "Ultrasound Image Storage"
    assert names.name("1.2.840.10008.5.1.4.1.1.6") == "Ultrasound Image Storage (retired)"
