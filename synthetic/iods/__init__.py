"""Information Object Definitions: what kinds of objects there are, each with its builder.

A builder takes an instance of the model and returns its data set.  `IODS` is the table of all of
them, by the key that a series plan names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydicom import uid as uids
from pydicom.dataset import Dataset

from stepwedge.errors import UsageError
from stepwedge.synthetic.iods import projection, sectional, ultrasound
from stepwedge.synthetic.model import Instance


@dataclass(frozen=True)
class Iod:
    """A kind of object: the SOP class it makes, its usual modality, its builder."""

    key: str
    sop_class_uid: str
    modality: str
    build: Callable[[Instance], Dataset]


IODS: dict[str, Iod] = {
    iod.key: iod
    for iod in (
        Iod("CT", uids.CTImageStorage, "CT", sectional.ct),
        Iod("MR", uids.MRImageStorage, "MR", sectional.mr),
        Iod("CR", uids.ComputedRadiographyImageStorage, "CR", projection.cr),
        Iod("US multi-frame", uids.UltrasoundMultiFrameImageStorage, "US", ultrasound.multi_frame),
    )
}


def iod(key: str) -> Iod:
    """The IOD called `key`; raises `UsageError` with the list of those there are."""
    try:
        return IODS[key]
    except KeyError:
        raise UsageError(
            f"no builder for objects called {key!r}", f"choose one of: {', '.join(IODS)}"
        ) from None
