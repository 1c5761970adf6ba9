"""The ladder: who said what when, which PDU decided, and what stands in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from run_conversations import moved
from run_records import failing, huge, write

from stepwedge.reports import conversation, html
from stepwedge.reports.conversation import Conversation, Pdu, dump, ladder
from stepwedge.reports.draw import draw
from stepwedge.reports.offence import answer, named, same_field

NAME = "evidence/MOVE-001-1.conversation.json"


@pytest.fixture
def talk(tmp_path: Path) -> Conversation:
    """The example conversation, read from its file."""
    (tmp_path / "evidence").mkdir()
    (tmp_path / NAME).write_bytes(moved())
    found = conversation.read(tmp_path, NAME)
    assert found is not None
    return found


def test_the_last_answer_that_holds_the_field_is_marked(talk: Conversation) -> None:
    """Pending responses hold a status too; the final one decided."""
    rungs = ladder(talk, NAME, named(talk, "Status (0000,0900)", "")).rungs
    assert [index for index, rung in enumerate(rungs) if rung.marked] == [6]
    marked = [line.field.value for line in rungs[6].lines if line.marked]
    assert len(marked) == 1 and marked[0].startswith("A702")
    assert not any(line.marked for rung in rungs[:6] for line in rung.lines)


def test_what_we_said_is_never_the_offence(talk: Conversation) -> None:
    """A field that stands in our request only is marked nowhere."""
    assert named(talk, "Move Destination (0000,0600)", "") is None


def test_directions_follow_who_opened_the_connection(talk: Conversation) -> None:
    """On a connection that the target opened to our receiver, what goes to the server is its."""
    assert ladder(talk, NAME, None).rungs[0].outgoing
    theirs = Conversation(we_requested=False, pdus=talk.pdus)
    assert not ladder(theirs, NAME, None).rungs[0].outgoing


def test_a_long_conversation_keeps_its_ends_and_what_decided() -> None:
    """Of a thousand PDUs the first, the last and the decisive one are drawn."""
    pdus = [
        Pdu(
            at=float(n),
            direction="to-client",
            name="P-DATA-TF",
            fields=[conversation.Field("Status (0000,0900)")] if n == 500 else [],
        )
        for n in range(1000)
    ]
    talk = Conversation(pdus=pdus)
    drawn = ladder(talk, NAME, named(talk, "Status (0000,0900)", ""), most=20)
    assert [int(rung.since) for rung in drawn.rungs] == [*range(10), 500, *range(990, 1000)]
    assert drawn.left_out == 979 and drawn.gap == 10


@pytest.mark.parametrize("content", [b"", b"{", b'{"pdus": 7}', b"\xff\xfe"])
def test_damaged_evidence_is_no_conversation(content: bytes, tmp_path: Path) -> None:
    """A report is drawn whatever became of its evidence."""
    (tmp_path / "evidence").mkdir()
    (tmp_path / NAME).write_bytes(content)
    assert conversation.read(tmp_path, NAME) is None
    assert conversation.read(tmp_path, "evidence/gone.conversation.json") is None


def test_fields_are_the_same_by_tag_else_by_name() -> None:
    """The tag decides where both have one, whatever the words and case."""
    assert same_field("Status (0000,0900)", "status (0000,0900)")
    assert same_field("Patient's Name (0010,0010)", "PatientName (0010,0010)")
    assert not same_field("Status (0000,0900)", "Status (0000,0901)")
    assert same_field("Result", "result") and not same_field("Result", "Source")


def said(*fields: conversation.Field, name: str = "P-DATA-TF") -> Pdu:
    """A PDU of the target."""
    return Pdu(at=0.0, direction="to-client", name=name, fields=list(fields))


MATCH = conversation.Field("Study Instance UID (0020,000D)", "2.25.1.2.3")
OTHER = conversation.Field("Study Instance UID (0020,000D)", "2.25.1.2.4")
DONE = conversation.Field("Status (0000,0900)", "0000H Success")


@pytest.mark.parametrize(
    ("field", "observed", "where"),
    [
        ("StudyInstanceUID of a match", "none", (1, "2.25.1.2.4")),
        ("Identifier", "1 that do not match: 2.25.1.2.3", (0, "2.25.1.2.3")),
        ("Identifier", "StudyInstanceUID (0020,000D)", (1, "2.25.1.2.4")),
        ("Status and others (0000,0899) to (0000,0901)", "", (2, "0000H Success")),
        ("A-RELEASE-RP", "", (3, None)),
    ],
)
def test_the_offence_is_where_it_was_said_last(
    field: str, observed: str, where: tuple[int, str | None]
) -> None:
    """By keyword, by tag, by a range of tags, as a PDU, or by what was observed to be too much."""
    talk = Conversation(pdus=[said(MATCH), said(OTHER), said(DONE), said(name="A-RELEASE-RP")])
    decided = named(talk, field, observed)
    assert decided is not None
    marked = [f.value for f in talk.pdus[decided.index].fields if decided.marks(f)]
    assert (decided.index, marked) == (where[0], [where[1]] if where[1] else [])


def test_what_is_missing_shows_in_the_answer() -> None:
    """What was not said is marked nowhere; the last answer is what lacks it."""
    talk = Conversation(pdus=[said(MATCH), said(DONE), said(name="A-RELEASE-RP")])
    assert named(talk, "Identifier", "1 missing: 2.25.1.2.3") is None
    decided = answer(talk, "Identifier")
    assert decided is not None and decided.index == 1
    (lacking,) = (rung for rung in ladder(talk, NAME, decided).rungs if rung.marked)
    assert lacking.lacks
    assert answer(talk, "") is None


def test_dump_shows_offsets_bytes_and_characters() -> None:
    """Sixteen bytes a line; a secret stays hidden in both columns."""
    lines = dump(" ".join([*(f"{code:02x}" for code in b"DICOM\0" + b"a" * 11), "··"])).split("\n")
    assert lines[0].startswith("0000  44 49 43 4f 4d 00 61 61  61")
    assert lines[0].endswith("DICOM.aaaaaaaaaa")
    assert lines[1].split() == ["0010", "61", "··", "a·"]


def test_the_card_holds_the_ladder(tmp_path: Path) -> None:
    """The finding shows the conversation, with the clause beside the offending field."""
    folder = write(tmp_path, "run", failing())
    draw(folder, ["html"])
    text = (folder / html.FILE).read_text("utf-8")
    card = text[text.index('id="finding-MOVE-001"') : text.index('id="finding-FIND-020"')]
    assert "A-ASSOCIATE-RQ" in card and "C-MOVE-RQ" in card
    assert card.count('class="pdu in marked"') == 1
    assert "see PS3.4 C.4.2.1 (2025a)" in card
    assert 'href="./evidence/MOVE-001-1.conversation.json"' in card


def test_conversations_fill_what_room_there_is(tmp_path: Path) -> None:
    """With too many failures for one page, the worst have their ladders and the rest links."""
    folder = write(tmp_path, "huge", huge(seconds=60))
    draw(folder, ["html"])
    text = (folder / html.FILE).read_text("utf-8")
    assert len(text.encode()) < 2_000_000
    assert text.count('class="conversation"') > 10
    assert "The conversation is in <a href" in text
