"""Encapsulated transfer syntaxes: a table of encoders, one row a syntax.

The encoders come with the extra `codecs` (`pip install stepwedge[codecs]`); without it asking for
one is an error that says so, never a silent skip.  RLE needs nothing.  Frames are cached by
content: the phantoms repeat, and no frame is compressed twice.  MPEG-4 and HEVC are left out: there
is no encoder for them that is small, free and the same on every machine.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import uid as uids
from pydicom.dataset import Dataset

from stepwedge.errors import UsageError
from stepwedge.synthetic import rle
from stepwedge.synthetic.fragments import LAYOUTS, encapsulate

EXTRA = "codecs"

Frame = NDArray[Any]

# Qualities, chosen so that the error stays below what a reader of the phantoms would see; the tests
# hold every lossy codec to `Codec.error`.
_JPEG_QUALITY = 95
_J2K_DECIBEL = 55
# The quantisation step as a share of the range, by bytes a sample.
_HTJ2K_STEP = {1: 2**-8, 2: 2**-12}
_NEAR = 2


@dataclass(frozen=True)
class Codec:
    """One encapsulated transfer syntax and its encoder.

    `error` is the largest difference of a sample after decoding, as a share of the value range; 0
    for lossless.  `bits` are the fewest and most stored bits that it takes.  `exact` is false where
    the codestream always has the precision of whole bytes, and Bits Stored must follow it.
    `method` is the defined term of Lossy Image Compression Method (0028,2114).
    """

    uid: str
    name: str
    encode: Callable[[Frame, int], bytes]
    error: float = 0.0
    bits: tuple[int, int] = (1, 16)
    signed: bool = True
    exact: bool = True
    colour: str = "RGB"
    method: str = ""

    @property
    def lossless(self) -> bool:
        """True when decoding gives back every bit."""
        return self.error == 0.0


# Where a module is not called like the package that brings it.
_PACKAGES = {"jpeg_ls": "pyjpegls"}


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise UsageError(
            f"this transfer syntax needs the package {_PACKAGES.get(name, name)}, "
            "which is not installed",
            f"install the extra that brings it: pip install 'stepwedge[{EXTRA}]'",
        ) from None


def _unsigned(frame: Frame) -> Frame:
    """The same bits as unsigned words: JPEG and JPEG-LS know no sign."""
    return frame.view(f"u{frame.dtype.itemsize}")


def _rle(frame: Frame, stored: int) -> bytes:
    return rle.encode(frame)


def _jpeg(frame: Frame, stored: int) -> bytes:
    jpeg = _import("imagecodecs").jpeg8_encode
    if frame.ndim == 3:
        return bytes(
            jpeg(frame, _JPEG_QUALITY, colorspace="RGB", outcolorspace="YCBCR", subsampling="422")
        )
    return bytes(jpeg(frame, _JPEG_QUALITY, bitspersample=8 if stored <= 8 else 12))


def _jpeg_lossless(frame: Frame, stored: int) -> bytes:
    jpeg = _import("imagecodecs").jpeg8_encode
    colour = {"colorspace": "RGB", "outcolorspace": "RGB"} if frame.ndim == 3 else {}
    return bytes(jpeg(_unsigned(frame), lossless=True, predictor=1, bitspersample=stored, **colour))


def _jpeg_ls(near: int) -> Callable[[Frame, int], bytes]:
    def encode(frame: Frame, stored: int) -> bytes:
        samples = 1 if frame.ndim == 2 else frame.shape[2]
        return bytes(
            _import("jpeg_ls").encode_buffer(
                frame.tobytes(),
                frame.shape[0],
                frame.shape[1],
                samples,
                stored,
                lossy_error=near,
                interleave_mode=2 if samples > 1 else 0,
            )
        )

    return encode


def _jpeg_2000(frame: Frame, stored: int) -> bytes:
    encode = _import("imagecodecs").jpeg2k_encode
    return bytes(encode(frame, reversible=True, codecformat="J2K", bitspersample=stored))


def _jpeg_2000_lossy(frame: Frame, stored: int) -> bytes:
    encode = _import("imagecodecs").jpeg2k_encode
    return bytes(encode(frame, level=_J2K_DECIBEL, codecformat="J2K", bitspersample=stored))


def _htj2k(*, markers: bool) -> Callable[[Frame, int], bytes]:
    """Lossless; the progression is always RPCL, `markers` adds the tile-part lengths to it."""

    def encode(frame: Frame, stored: int) -> bytes:
        htj2k = _import("imagecodecs").htj2k_encode
        return bytes(htj2k(frame, rgb=frame.ndim == 3, reversible=True, tlm=markers))

    return encode


def _htj2k_lossy(frame: Frame, stored: int) -> bytes:
    htj2k = _import("imagecodecs").htj2k_encode
    step = _HTJ2K_STEP[frame.dtype.itemsize]
    return bytes(htj2k(frame, level=step, rgb=frame.ndim == 3))


CODECS: dict[str, Codec] = {
    codec.uid: codec
    for codec in (
        Codec(uids.RLELossless, "RLE Lossless", _rle),
        Codec(
            uids.JPEGBaseline8Bit, "JPEG Baseline", _jpeg, error=0.1, bits=(8, 8), signed=False,
            colour="YBR_FULL_422", method="ISO_10918_1",
        ),
        Codec(
            uids.JPEGExtended12Bit, "JPEG Extended", _jpeg, error=0.1, bits=(8, 12), signed=False,
            colour="YBR_FULL_422", method="ISO_10918_1",
        ),
        Codec(uids.JPEGLossless, "JPEG Lossless", _jpeg_lossless, bits=(8, 16)),
        Codec(uids.JPEGLosslessSV1, "JPEG Lossless SV1", _jpeg_lossless, bits=(8, 16)),
        Codec(uids.JPEGLSLossless, "JPEG-LS Lossless", _jpeg_ls(0), bits=(8, 16)),
        Codec(
            uids.JPEGLSNearLossless, "JPEG-LS Near-lossless", _jpeg_ls(_NEAR), error=_NEAR / 255,
            bits=(8, 16), signed=False, method="ISO_14495_1",
        ),
        Codec(uids.JPEG2000Lossless, "JPEG 2000 Lossless", _jpeg_2000, bits=(8, 16),
              colour="YBR_RCT"),
        Codec(
            uids.JPEG2000, "JPEG 2000", _jpeg_2000_lossy, error=0.03, bits=(8, 16),
            colour="YBR_ICT", method="ISO_15444_1",
        ),
        Codec(uids.HTJ2KLossless, "HTJ2K Lossless", _htj2k(markers=False), bits=(8, 16),
              exact=False, colour="YBR_RCT"),
        Codec(uids.HTJ2KLosslessRPCL, "HTJ2K Lossless RPCL", _htj2k(markers=True),
              bits=(8, 16), exact=False, colour="YBR_RCT"),
        Codec(uids.HTJ2K, "HTJ2K", _htj2k_lossy, error=0.03, bits=(8, 16),
              exact=False, colour="YBR_ICT", method="ISO_15444_15"),
    )
}  # fmt: skip

NATIVE = (
    uids.ImplicitVRLittleEndian,
    uids.ExplicitVRLittleEndian,
    uids.ExplicitVRBigEndian,
    uids.DeflatedExplicitVRLittleEndian,
)

# One word for each transfer syntax, for tables and command lines.
NAMES: dict[str, str] = {
    "implicit": uids.ImplicitVRLittleEndian,
    "explicit": uids.ExplicitVRLittleEndian,
    "big-endian": uids.ExplicitVRBigEndian,
    "deflated": uids.DeflatedExplicitVRLittleEndian,
    "rle": uids.RLELossless,
    "jpeg": uids.JPEGBaseline8Bit,
    "jpeg-12": uids.JPEGExtended12Bit,
    "jpeg-lossless": uids.JPEGLossless,
    "jpeg-sv1": uids.JPEGLosslessSV1,
    "jpeg-ls": uids.JPEGLSLossless,
    "jpeg-ls-near": uids.JPEGLSNearLossless,
    "j2k": uids.JPEG2000Lossless,
    "j2k-lossy": uids.JPEG2000,
    "htj2k": uids.HTJ2KLossless,
    "htj2k-rpcl": uids.HTJ2KLosslessRPCL,
    "htj2k-lossy": uids.HTJ2K,
}


def named(name: str) -> str:
    """The UID of the transfer syntax that is called `name` in `NAMES`.

    Raises `UsageError` with those there are, and when its encoder is not installed.
    """
    try:
        syntax = NAMES[name]
    except KeyError:
        raise UsageError(
            f"transfer syntax {name!r} is not known", f"choose one of: {', '.join(NAMES)}"
        ) from None
    if not is_native(syntax):
        CODECS[syntax].encode(np.zeros((8, 8), np.uint8), 8)
    return syntax


def package(syntax: str) -> str:
    """The distribution whose version shapes the bytes of a transfer syntax; empty when none does.

    What deflates is the library zlib, which is no distribution.
    """
    if syntax == uids.DeflatedExplicitVRLittleEndian:
        return "zlib"
    if syntax in NATIVE or syntax == uids.RLELossless:
        return ""
    return "pyjpegls" if codec(syntax).name.startswith("JPEG-LS") else "imagecodecs"


def is_native(syntax: str) -> bool:
    """True when pixel data in `syntax` is not encapsulated; `UsageError` for one unknown here."""
    if syntax in NATIVE:
        return True
    codec(syntax)
    return False


def codec(syntax: str) -> Codec:
    """The codec of an encapsulated transfer syntax; raises `UsageError` with those there are."""
    try:
        return CODECS[syntax]
    except KeyError:
        known = ", ".join(f"{codec.uid} ({codec.name})" for codec in CODECS.values())
        raise UsageError(
            f"no encoder for transfer syntax {syntax!r}", f"there are: {known}"
        ) from None


def refusal(dataset: Dataset, syntax: str) -> str:
    """Why the pixels of `dataset` cannot be encoded in `syntax`, in words; empty when they can."""
    if syntax in NATIVE:
        return ""
    chosen = codec(syntax)
    if "PixelData" not in dataset:
        return (
            "it has no Pixel Data" if "FloatPixelData" not in dataset else "its pixels are floats"
        )
    stored, allocated = dataset.BitsStored, dataset.BitsAllocated
    fewest, most = chosen.bits
    if not fewest <= stored <= most or allocated not in (8, 16, 32):
        return f"{stored} bits are stored in {allocated}, it takes {fewest} to {most} in 8 or 16"
    if allocated == 32 and syntax != uids.RLELossless:
        return "it takes no more than 16 bits"
    if dataset.PixelRepresentation and not chosen.signed:
        return "it takes no signed pixels"
    if dataset.PhotometricInterpretation == "PALETTE COLOR" and not chosen.lossless:
        return "indices into a palette must not be changed"
    if dataset.SamplesPerPixel > 1 and dataset.PhotometricInterpretation != "RGB":
        return f"{dataset.PhotometricInterpretation} is left as it is"
    return ""


def compress(dataset: Dataset, syntax: str, layout: str = "basic") -> None:
    """Encapsulates the pixel data of `dataset` in place; `layout` is a key of `LAYOUTS`.

    Adjusts Photometric Interpretation, Bits Stored, and what tells of lossy compression (PS3.5 8.2,
    PS3.3 C.7.6.1.1.5).  Raises `UsageError` when the codec cannot take the image, or is not
    installed.
    """
    chosen = codec(syntax)
    if problem := refusal(dataset, syntax):
        raise UsageError(f"{chosen.name} cannot hold this image: {problem}")
    chosen_layout = LAYOUTS[layout]
    if syntax == uids.RLELossless and chosen_layout.fragments > 1:
        raise UsageError(
            "an RLE frame is one fragment (PS3.5 A.4.2)", "choose another layout, such as basic"
        )
    rows, columns, samples = dataset.Rows, dataset.Columns, dataset.SamplesPerPixel
    frames = int(dataset.get("NumberOfFrames", 1) or 1)
    kind = "i" if dataset.PixelRepresentation else "u"
    dtype = f"<{kind}{dataset.BitsAllocated // 8}"
    if not chosen.exact:
        dataset.BitsStored = dataset.BitsAllocated
        dataset.HighBit = dataset.BitsAllocated - 1
    raw: bytes = dataset.PixelData
    size = rows * columns * samples * dataset.BitsAllocated // 8
    encoded = [
        _cached(syntax, raw[n * size : (n + 1) * size], dtype, rows, columns, samples,
                dataset.BitsStored)
        for n in range(frames)
    ]  # fmt: skip
    if samples > 1:
        dataset.PlanarConfiguration = 0
        dataset.PhotometricInterpretation = chosen.colour
    if not chosen.lossless:
        dataset.LossyImageCompression = "01"
        ratio = size * frames / sum(map(len, encoded))
        dataset.LossyImageCompressionRatio = f"{ratio:.2f}"
        dataset.LossyImageCompressionMethod = chosen.method
    encapsulate(dataset, encoded, chosen_layout)


@lru_cache(maxsize=512)
def _cached(
    syntax: str, raw: bytes, dtype: str, rows: int, columns: int, samples: int, stored: int
) -> bytes:
    shape = (rows, columns) if samples == 1 else (rows, columns, samples)
    return CODECS[syntax].encode(np.frombuffer(raw, dtype).reshape(shape), stored)


def decode(syntax: str, encoded: bytes) -> Frame:
    """One frame back from its encoded form, for tests and previews; needs the extra too."""
    name = codec(syntax).name
    if name.startswith("JPEG-LS"):
        return np.asarray(_import("jpeg_ls").decode(np.frombuffer(encoded, np.uint8)))
    # OpenJPEG reads HTJ2K too and, other than OpenJPH's wrapper, clips what overshoots the range.
    decoders = {"HTJ2K": "jpeg2k_decode", "JPEG 2000": "jpeg2k_decode", "JPEG": "jpeg8_decode"}
    decoder = next(decoders[start] for start in decoders if name.startswith(start))
    return np.asarray(getattr(_import("imagecodecs"), decoder)(encoded))
