"""RLE Lossless (PS3.5 Annex G): byte planes, each row packed by itself, a 64-byte header."""

from __future__ import annotations

from struct import pack

import numpy as np
from numpy.typing import NDArray

# A replicate run pays from three bytes on; both kinds of run hold at most 128 (PS3.5 G.3.1).
_SHORTEST_RUN = 3
_LONGEST = 128
_MOST_SEGMENTS = 15


def encode(frame: NDArray[np.generic]) -> bytes:
    """One frame, `(rows, columns)` or `(rows, columns, samples)`, as an RLE compressed frame.

    Raises ValueError when it needs more than the 15 segments that the header has room for.
    """
    planes = frame[..., np.newaxis] if frame.ndim == 2 else frame
    segments = []
    for sample in range(planes.shape[2]):
        # The most significant byte comes first (PS3.5 G.2).
        whole = np.ascontiguousarray(planes[:, :, sample])
        octets = whole.astype(whole.dtype.newbyteorder(">")).view(np.uint8)
        octets = octets.reshape(*whole.shape, -1)
        segments += [_segment(octets[:, :, byte]) for byte in range(octets.shape[2])]
    if len(segments) > _MOST_SEGMENTS:
        raise ValueError(f"{len(segments)} segments, and the RLE header has room for 15")
    offsets = [0] * _MOST_SEGMENTS
    at = 64
    for number, segment in enumerate(segments):
        offsets[number] = at
        at += len(segment)
    return pack("<16L", len(segments), *offsets) + b"".join(segments)


def _segment(plane: NDArray[np.uint8]) -> bytes:
    packed = b"".join(_row(row) for row in plane)
    return packed + b"\0" * (len(packed) % 2)


def _row(row: NDArray[np.uint8]) -> bytes:
    """PackBits of one row."""
    raw = row.tobytes()
    starts = np.concatenate(([0], np.flatnonzero(np.diff(row)) + 1, [len(raw)]))
    lengths = np.diff(starts)
    out = bytearray()
    literal = 0  # where the bytes that are not yet written begin
    for run in np.flatnonzero(lengths >= _SHORTEST_RUN):
        start, left = int(starts[run]), int(lengths[run])
        _literal(out, raw[literal:start])
        value = raw[start : start + 1]
        while left >= 2:
            length = min(left, _LONGEST)
            out += bytes([257 - length]) + value
            left -= length
        if left:
            out += b"\0" + value
        literal = start + int(lengths[run])
    _literal(out, raw[literal:])
    return bytes(out)


def _literal(out: bytearray, raw: bytes) -> None:
    for at in range(0, len(raw), _LONGEST):
        chunk = raw[at : at + _LONGEST]
        out.append(len(chunk) - 1)
        out += chunk
