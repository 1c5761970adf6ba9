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
from stepwedge.synthetic.iods import (
    documents,
    emission,
    enhanced,
    fluoroscopy,
    projection,
    radiotherapy,
    sectional,
    segmentation,
    ultrasound,
    visible,
    waveforms,
)
from stepwedge.synthetic.model import Instance


@dataclass(frozen=True)
class Iod:
    """A kind of object: the SOP class it makes, its usual modality, its builder.

    `image` is true when it has pixels that others refer to; `frames` when it counts them; `needs`
    is the key of the kind that a study must hold too, because this one refers to it ("" for none,
    "any image" for whichever).
    """

    key: str
    sop_class_uid: str
    modality: str
    build: Callable[[Instance], Dataset]
    image: bool = True
    frames: bool = False
    needs: str = ""


ANY_IMAGE = "any image"

IODS: dict[str, Iod] = {
    iod.key: iod
    for iod in (
        Iod("CT", uids.CTImageStorage, "CT", sectional.ct),
        Iod("MR", uids.MRImageStorage, "MR", sectional.mr),
        Iod("PT", uids.PositronEmissionTomographyImageStorage, "PT", emission.pt),
        Iod("NM", uids.NuclearMedicineImageStorage, "NM", emission.nm, frames=True),
        Iod("CR", uids.ComputedRadiographyImageStorage, "CR", projection.cr),
        Iod("DX", uids.DigitalXRayImageStorageForPresentation, "DX", projection.dx),
        Iod(
            "DX for processing",
            uids.DigitalXRayImageStorageForProcessing,
            "DX",
            projection.dx_for_processing,
        ),
        Iod("MG", uids.DigitalMammographyXRayImageStorageForPresentation, "MG", projection.mg),
        Iod("IO", uids.DigitalIntraOralXRayImageStorageForPresentation, "IO", projection.io),
        Iod("XA", uids.XRayAngiographicImageStorage, "XA", fluoroscopy.xa, frames=True),
        Iod("RF", uids.XRayRadiofluoroscopicImageStorage, "RF", fluoroscopy.rf, frames=True),
        Iod("US", uids.UltrasoundImageStorage, "US", ultrasound.single),
        Iod(
            "US multi-frame",
            uids.UltrasoundMultiFrameImageStorage,
            "US",
            ultrasound.multi_frame,
            frames=True,
        ),
        Iod("SC", uids.SecondaryCaptureImageStorage, "OT", visible.secondary_capture),
        Iod(
            "SC multi-frame byte",
            uids.MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
            "OT",
            visible.multi_frame_byte,
            frames=True,
        ),
        Iod(
            "SC multi-frame colour",
            uids.MultiFrameTrueColorSecondaryCaptureImageStorage,
            "OT",
            visible.multi_frame_colour,
            frames=True,
        ),
        Iod("VL photograph", uids.VLPhotographicImageStorage, "XC", visible.photograph),
        Iod("VL endoscopy", uids.VLEndoscopicImageStorage, "ES", visible.endoscopy),
        Iod(
            "WSI",
            uids.VLWholeSlideMicroscopyImageStorage,
            "SM",
            visible.whole_slide,
            frames=True,
        ),
        Iod("enhanced CT", uids.EnhancedCTImageStorage, "CT", enhanced.ct, frames=True),
        Iod("enhanced MR", uids.EnhancedMRImageStorage, "MR", enhanced.mr, frames=True),
        Iod("SEG", uids.SegmentationStorage, "SEG", segmentation.seg, image=False, needs="CT"),
        Iod(
            "RTSTRUCT",
            uids.RTStructureSetStorage,
            "RTSTRUCT",
            radiotherapy.structure_set,
            image=False,
            needs="CT",
        ),
        Iod("RTPLAN", uids.RTPlanStorage, "RTPLAN", radiotherapy.plan, image=False),
        Iod("RTDOSE", uids.RTDoseStorage, "RTDOSE", radiotherapy.dose, image=False, frames=True),
        Iod("basic text SR", uids.BasicTextSRStorage, "SR", documents.basic_text_sr, image=False),
        Iod(
            "comprehensive SR",
            uids.ComprehensiveSRStorage,
            "SR",
            documents.comprehensive_sr,
            image=False,
            needs=ANY_IMAGE,
        ),
        Iod(
            "KO",
            uids.KeyObjectSelectionDocumentStorage,
            "KO",
            documents.key_objects,
            image=False,
            needs=ANY_IMAGE,
        ),
        Iod(
            "PR",
            uids.GrayscaleSoftcopyPresentationStateStorage,
            "PR",
            documents.presentation_state,
            image=False,
            needs=ANY_IMAGE,
        ),
        Iod("PDF", uids.EncapsulatedPDFStorage, "DOC", documents.pdf, image=False),
        Iod("CDA", uids.EncapsulatedCDAStorage, "DOC", documents.cda, image=False),
        Iod(
            "12-lead ECG",
            uids.TwelveLeadECGWaveformStorage,
            "ECG",
            waveforms.twelve_lead,
            image=False,
        ),
        Iod("general ECG", uids.GeneralECGWaveformStorage, "ECG", waveforms.general, image=False),
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
