"""Syslog messages by RFC 5424, and their framing by RFC 5425."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepwedge.fixtures.audit.syslog import Frames, NotSyslog, decode, encode, frame


def test_what_is_written_can_be_read() -> None:
    """Facility, severity, MSGID, time and text come back."""
    message = decode(encode("<AuditMessage ü/>".encode(), app="edge", at=1_700_000_000.5))
    assert (message.facility, message.severity, message.msgid) == (10, 5, "DICOM+RFC3881")
    assert message.timestamp == "2023-11-14T22:13:20.500+00:00"
    assert message.text.decode() == "<AuditMessage ü/>"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<85>",
        b"<085>1 - - - - - - x",
        b"<192>1 - - - - - - x",
        b"<85>0 - - - - - - x",
        b"<85>1 2026-01-02 - - - - - x",
        b"<85>1 2026-01-02T03:04:05 - - - - - x",
        b"<85>1 2026-01-02T03:04:05.1234567Z - - - - - x",
        b'<85>1 - - - - - [id a="]"] x',
        b"<85>1 - - - - - -x",
        b"<85>Jan  2 03:04:05 host app: x",
    ],
)
def test_what_is_no_syslog(raw: bytes) -> None:
    """A header that RFC 5424 does not allow is refused."""
    with pytest.raises(NotSyslog):
        decode(raw)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"<0>1 - - - - - -", b""),
        (b"<85>1 2026-01-02T03:04:05.123456+01:00 h a 1 m - x", b"x"),
        (b'<85>1 - - - - - [id@1 a="b\\]" c=""][e] \xef\xbb\xbfx', b"x"),
    ],
)
def test_what_is_syslog(raw: bytes, text: bytes) -> None:
    """Absent fields, structured data and a byte order mark are allowed."""
    assert decode(raw).text == text


@given(st.lists(st.binary(max_size=60)), st.integers(1, 7))
def test_frames_come_back_however_they_are_cut(messages: list[bytes], step: int) -> None:
    """Whatever pieces a stream arrives in, the same messages come out of it."""
    stream = b"".join(map(frame, [message for message in messages if message]))
    frames = Frames()
    found = [one for n in range(0, len(stream), step) for one in frames.take(stream[n : n + step])]
    assert found == [message for message in messages if message]
    assert frames.unfinished == 0


@pytest.mark.parametrize("stream", [b"x", b"0 x", b"<85>1 -", b"9999999999", b"99999999 x"])
def test_broken_octet_counting(stream: bytes) -> None:
    """A stream that does not begin with a length is refused."""
    with pytest.raises(NotSyslog):
        Frames().take(stream)
