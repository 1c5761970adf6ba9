"""Documents: structured reports, key objects, presentation states, PDF and CDA."""

from __future__ import annotations

from pydicom.dataset import Dataset

from stepwedge.synthetic import modules
from stepwedge.synthetic.model import Instance
from stepwedge.synthetic.modules import code, item


def basic_text_sr(instance: Instance) -> Dataset:
    """Basic Text SR IOD (PS3.3 A.35.1): a short radiology report (TID 2000)."""
    dataset = _report(instance, code("18748-4", "LN", "Diagnostic imaging report"))
    dataset.ContentSequence = [
        _observer(),
        _section("121070", "Findings", "Phantom as expected. No patient was harmed."),
        _section("121076", "Conclusions", "SYNTHETIC REPORT."),
    ]
    return modules.finish(dataset, instance)


def comprehensive_sr(instance: Instance) -> Dataset:
    """Comprehensive SR IOD (PS3.3 A.35.3): a measurement with the image that it was taken on."""
    images = modules.sources(instance)
    dataset = _report(instance, code("126000", "DCM", "Imaging Measurement Report"))
    measured = item(
        RelationshipType="CONTAINS",
        ValueType="NUM",
        ConceptNameCodeSequence=[code("410668003", "SCT", "Length")],
        MeasuredValueSequence=[
            item(
                MeasurementUnitsCodeSequence=[code("mm", "UCUM", "mm")],
                NumericValue="12.5",
            )
        ],
        ContentSequence=[
            item(
                RelationshipType="INFERRED FROM",
                ValueType="IMAGE",
                ReferencedSOPSequence=[modules.reference(images[0])],
            )
        ],
    )
    dataset.ContentSequence = [_observer(), measured]
    dataset.CurrentRequestedProcedureEvidenceSequence = [_evidence(instance, images[:1])]
    return modules.finish(dataset, instance)


def key_objects(instance: Instance) -> Dataset:
    """Key Object Selection Document IOD (PS3.3 A.35.4): the first and last image."""
    images = modules.sources(instance)
    chosen = images if len(images) == 1 else (images[0], images[-1])
    dataset = modules.start(instance)
    # Key Object Document Series and SR Document Content Modules, PS3.3 C.17.6.1 and C.17.3
    dataset.ReferencedPerformedProcedureStepSequence = []
    dataset.ContentDate = instance.date
    dataset.ContentTime = instance.time
    dataset.CurrentRequestedProcedureEvidenceSequence = [_evidence(instance, chosen)]
    _container(dataset, code("113000", "DCM", "Of Interest"), "2010")
    dataset.ContentSequence = [
        item(
            RelationshipType="CONTAINS",
            ValueType="TEXT",
            ConceptNameCodeSequence=[code("113012", "DCM", "Key Object Description")],
            TextValue="First and last",
        ),
        *(
            item(
                RelationshipType="CONTAINS",
                ValueType="IMAGE",
                ReferencedSOPSequence=[modules.reference(image)],
            )
            for image in chosen
        ),
    ]
    return modules.finish(dataset, instance)


def presentation_state(instance: Instance) -> Dataset:
    """Grayscale Softcopy Presentation State IOD (PS3.3 A.33.1): a window and an annotation."""
    images = modules.sources(instance)
    plan = images[0].series.plan
    dataset = modules.start(instance)
    if not instance.series.plan.body_part:
        dataset.Laterality = ""
    # Presentation State Identification and Relationship Modules, PS3.3 C.11.10 and C.11.11
    dataset.ContentLabel = "PHANTOM"
    dataset.ContentDescription = "Window and arrow"
    dataset.PresentationCreationDate = instance.date
    dataset.PresentationCreationTime = instance.time
    dataset.ContentCreatorName = "PHANTOM^READER"
    referenced = [modules.reference(image) for image in images]
    dataset.ReferencedSeriesSequence = [
        item(SeriesInstanceUID=images[0].series.uid, ReferencedImageSequence=referenced)
    ]
    dataset.DisplayedAreaSelectionSequence = [
        item(
            DisplayedAreaTopLeftHandCorner=[1, 1],
            DisplayedAreaBottomRightHandCorner=[plan.columns, plan.rows],
            PresentationSizeMode="SCALE TO FIT",
            PresentationPixelAspectRatio=[1, 1],
        )
    ]
    dataset.GraphicLayerSequence = [item(GraphicLayer="LAYER1", GraphicLayerOrder=1)]
    dataset.GraphicAnnotationSequence = [
        item(
            GraphicLayer="LAYER1",
            TextObjectSequence=[
                item(
                    AnchorPointAnnotationUnits="PIXEL",
                    UnformattedTextValue="SYNTHETIC",
                    AnchorPoint=[plan.columns / 2, plan.rows / 2],
                    AnchorPointVisibility="Y",
                )
            ],
        )
    ]
    dataset.SoftcopyVOILUTSequence = [item(WindowCenter="40", WindowWidth="400")]
    dataset.PresentationLUTShape = "IDENTITY"
    return modules.finish(dataset, instance)


def pdf(instance: Instance) -> Dataset:
    """Encapsulated PDF IOD (PS3.3 A.45.1)."""
    dataset = _encapsulated(instance, _pdf_bytes("SYNTHETIC DOCUMENT"), "application/pdf")
    dataset.ConceptNameCodeSequence = [code("18748-4", "LN", "Diagnostic imaging report")]
    return modules.finish(dataset, instance)


def cda(instance: Instance) -> Dataset:
    """Encapsulated CDA IOD (PS3.3 A.45.2)."""
    identifier = instance.sop_instance_uid
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ClinicalDocument xmlns="urn:hl7-org:v3">\n'
        '  <typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>\n'
        f'  <id root="{identifier}"/>\n'
        '  <code code="18748-4" codeSystem="2.16.840.1.113883.6.1"/>\n'
        "  <title>SYNTHETIC DOCUMENT</title>\n"
        "</ClinicalDocument>\n"
    )
    dataset = _encapsulated(instance, text.encode(), "text/XML")
    dataset.HL7InstanceIdentifier = identifier
    dataset.ConceptNameCodeSequence = [code("18748-4", "LN", "Diagnostic imaging report")]
    return modules.finish(dataset, instance)


def _report(instance: Instance, title: Dataset) -> Dataset:
    """SR Document Series, General and Content Modules (PS3.3 C.17.1 to C.17.3)."""
    dataset = modules.start(instance)
    dataset.ReferencedPerformedProcedureStepSequence = []
    dataset.ContentDate = instance.date
    dataset.ContentTime = instance.time
    dataset.CompletionFlag = "COMPLETE"
    dataset.VerificationFlag = "UNVERIFIED"
    dataset.PerformedProcedureCodeSequence = []
    _container(dataset, title, "2000" if title.CodeValue == "18748-4" else "1500")
    return dataset


def _container(dataset: Dataset, title: Dataset, template: str) -> None:
    dataset.ValueType = "CONTAINER"
    dataset.ConceptNameCodeSequence = [title]
    dataset.ContinuityOfContent = "SEPARATE"
    dataset.ContentTemplateSequence = [item(MappingResource="DCMR", TemplateIdentifier=template)]


def _observer() -> Dataset:
    return item(
        RelationshipType="HAS OBS CONTEXT",
        ValueType="PNAME",
        ConceptNameCodeSequence=[code("121008", "DCM", "Person Observer Name")],
        PersonName="PHANTOM^READER",
    )


def _section(value: str, heading: str, text: str) -> Dataset:
    return item(
        RelationshipType="CONTAINS",
        ValueType="CONTAINER",
        ConceptNameCodeSequence=[code(value, "DCM", heading)],
        ContinuityOfContent="SEPARATE",
        ContentSequence=[
            item(
                RelationshipType="CONTAINS",
                ValueType="TEXT",
                ConceptNameCodeSequence=[code("121071", "DCM", "Finding")],
                TextValue=text,
            )
        ],
    )


def _evidence(instance: Instance, images: tuple[Instance, ...]) -> Dataset:
    """Hierarchical SOP Instance Reference Macro (PS3.3 Table C.17-3)."""
    return item(
        StudyInstanceUID=instance.study.uid,
        ReferencedSeriesSequence=[
            item(
                SeriesInstanceUID=images[0].series.uid,
                ReferencedSOPSequence=[modules.reference(image) for image in images],
            )
        ],
    )


def _encapsulated(instance: Instance, document: bytes, mime: str) -> Dataset:
    """Encapsulated Document Series and Module, SC Equipment (PS3.3 C.24.1, C.24.2, C.8.6.1)."""
    dataset = modules.start(instance)
    dataset.ConversionType = "SYN"
    dataset.ContentDate = instance.date
    dataset.ContentTime = instance.time
    dataset.AcquisitionDateTime = modules.moment(instance)
    dataset.BurnedInAnnotation = "YES"
    dataset.DocumentTitle = "SYNTHETIC"
    dataset.MIMETypeOfEncapsulatedDocument = mime
    dataset.EncapsulatedDocumentLength = len(document)
    dataset.EncapsulatedDocument = document + b"\0" * (len(document) % 2)
    return dataset


def _pdf_bytes(text: str) -> bytes:
    """A PDF of one page with one line of text, and a right cross-reference table."""
    content = f"BT /F1 36 Tf 90 700 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        start,
    )
    return bytes(out)
