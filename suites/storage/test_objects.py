"""Objects beside CT, MR, CR and ultrasound, and transfer syntaxes beside the plain ones.

No server has to take any of them; one that claims a kind of object or a transfer syntax must store
it and give it back as it was (PS3.4 B.2.2, B.4.1).
"""

from __future__ import annotations

from collections.abc import Callable

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.deposits import Deposits
from stepwedge.synthetic.iods import ANY_IMAGE, IODS

Test = Callable[[Deposits], None]


def _object(id: str, claim: str, iod: str, name: str) -> Test:
    """The check that one kind of object is stored and comes back."""
    needs = IODS[iod].needs
    kinds = [*(["CT" if needs == ANY_IMAGE else needs] if needs else []), iod]

    def test(deposits: Deposits) -> None:
        study = deposits.study(*kinds, frames=3)
        made = [deposits.of(instance) for instance in study.instances()]
        deposits.keep(*made[:-1]) if made[:-1] else None
        deposits.expect_kept(made[-1], f"the {iod} object", "SOPInstanceUID", "PixelData")

    test.__doc__ = f"{name} stored, and come back as they were sent."
    return check(id, "PS3.4 B.2.2", SHALL, claim=claim, defects=["store-objects-refused"])(test)


test_pt = _object("STORE-201", "objects.pt", "PT", "PET images are")
test_nm = _object("STORE-202", "objects.nm", "NM", "Nuclear medicine images are")
test_dx = _object("STORE-203", "objects.dx", "DX", "Digital X-ray images are")
test_mg = _object("STORE-204", "objects.mg", "MG", "Digital mammograms are")
test_xa = _object("STORE-205", "objects.xa", "XA", "X-ray angiograms are")
test_rf = _object("STORE-206", "objects.rf", "RF", "Radiofluoroscopic images are")
test_us = _object("STORE-207", "objects.us", "US", "Single ultrasound images are")
test_sc = _object("STORE-208", "objects.sc", "SC", "Secondary captures are")
test_enhanced_ct = _object("STORE-209", "objects.enhanced-ct", "enhanced CT", "Enhanced CT are")
test_enhanced_mr = _object("STORE-210", "objects.enhanced-mr", "enhanced MR", "Enhanced MR are")
test_seg = _object("STORE-211", "objects.seg", "SEG", "Segmentations are")
test_rtstruct = _object("STORE-212", "objects.rt", "RTSTRUCT", "RT structure sets are")
test_rtplan = _object("STORE-213", "objects.rt", "RTPLAN", "RT plans are")
test_rtdose = _object("STORE-214", "objects.rt", "RTDOSE", "RT doses are")
test_sr = _object("STORE-215", "objects.sr", "basic text SR", "Basic text reports are")
test_ko = _object("STORE-216", "objects.ko", "KO", "Key object selections are")
test_pr = _object("STORE-217", "objects.pr", "PR", "Grayscale presentation states are")
test_pdf = _object("STORE-218", "objects.pdf", "PDF", "Encapsulated PDF are")
test_ecg = _object("STORE-219", "objects.ecg", "12-lead ECG", "12-lead ECG are")
test_vl = _object("STORE-220", "objects.vl", "VL photograph", "Photographs are")


def _syntax(id: str, claim: str, uid: str, name: str, defect: str) -> Test:
    """The check that one transfer syntax is stored and comes back without being changed."""

    def test(deposits: Deposits) -> None:
        deposits.expect_kept(deposits.of(deposits.ct(uid)), f"an image in {name}", "PixelData")

    test.__doc__ = f"A CT image in {name} is stored, and comes back in it bit for bit."
    return check(id, "PS3.4 B.4.1", SHALL, claim=claim, defects=[defect])(test)


COMPRESSED = "store-compressed-refused"
PLAIN = "store-uncommon-refused"

test_big_endian = _syntax(
    "STORE-231", "syntaxes.big-endian", "1.2.840.10008.1.2.2", "Explicit VR Big Endian", PLAIN
)
test_deflated = _syntax(
    "STORE-232", "syntaxes.deflated", "1.2.840.10008.1.2.1.99", "Deflated Explicit VR", PLAIN
)
test_rle = _syntax("STORE-233", "syntaxes.rle", "1.2.840.10008.1.2.5", "RLE Lossless", COMPRESSED)
test_jpeg_lossless = _syntax(
    "STORE-234", "syntaxes.jpeg-lossless", "1.2.840.10008.1.2.4.70", "JPEG Lossless", COMPRESSED
)
test_jpeg_ls = _syntax(
    "STORE-235", "syntaxes.jpeg-ls", "1.2.840.10008.1.2.4.80", "JPEG-LS Lossless", COMPRESSED
)
test_jpeg_2000 = _syntax(
    "STORE-236", "syntaxes.jpeg-2000", "1.2.840.10008.1.2.4.90", "JPEG 2000 Lossless", COMPRESSED
)
test_htj2k = _syntax(
    "STORE-237", "syntaxes.htj2k", "1.2.840.10008.1.2.4.201", "HTJ2K Lossless", COMPRESSED
)
