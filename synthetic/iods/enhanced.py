"""Enhanced multi-frame CT and MR: functional groups instead of a file a slice."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from stepwedge.synthetic import modules, phantoms
from stepwedge.synthetic.model import Instance
from stepwedge.synthetic.modules import code, item

_THICKNESS = 2.0


def ct(instance: Instance) -> Dataset:
    """Enhanced CT Image IOD (PS3.3 A.38.1)."""
    plan = instance.series.plan
    kind = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    dataset = _enhanced(instance, kind)
    # Enhanced CT Image Module, PS3.3 C.8.15.2
    dataset.MultienergyCTAcquisition = "NO"
    dataset.PixelPresentation = "MONOCHROME"
    dataset.VolumetricProperties = "VOLUME"
    dataset.VolumeBasedCalculationTechnique = "NONE"
    dataset.PresentationLUTShape = "IDENTITY"
    shared = _shared(instance, 350.0, "CHEST")
    shared.CTImageFrameTypeSequence = [_frame_type(kind)]
    shared.CTAcquisitionTypeSequence = [
        item(AcquisitionType="SPIRAL", ConstantVolumeFlag="NO", FluoroscopyFlag="NO")
    ]
    shared.IrradiationEventIdentificationSequence = [
        item(IrradiationEventUID=instance.study.scope.uid("event", instance.sop_instance_uid))
    ]
    shared.CTAcquisitionDetailsSequence = [
        item(
            RotationDirection="CW",
            RevolutionTime=0.5,
            SingleCollimationWidth=0.6,
            TotalCollimationWidth=38.4,
            TableHeight=150.0,
            GantryDetectorTilt=0.0,
            DataCollectionDiameter=500.0,
        )
    ]
    shared.CTTableDynamicsSequence = [
        item(TableSpeed=50.0, TableFeedPerRotation=25.0, SpiralPitchFactor=0.65)
    ]
    shared.CTPositionSequence = [
        item(
            TablePosition=0.0,
            ReconstructionTargetCenterPatient=[0.0, 0.0, 0.0],
            DataCollectionCenterPatient=[0.0, 0.0, 0.0],
        )
    ]
    shared.CTGeometrySequence = [
        item(DistanceSourceToDetector=1000.0, DistanceSourceToDataCollectionCenter=570.0)
    ]
    shared.CTReconstructionSequence = [
        item(
            ReconstructionAlgorithm="FILTER_BACK_PROJ",
            ConvolutionKernel="STANDARD",
            ConvolutionKernelGroup="SOFT_TISSUE",
            ReconstructionDiameter=350.0,
            ReconstructionPixelSpacing=[350.0 / plan.rows, 350.0 / plan.columns],
            ReconstructionAngle=360.0,
            ImageFilter="NONE",
        )
    ]
    shared.CTExposureSequence = [
        item(
            ExposureTimeInms=500.0,
            XRayTubeCurrentInmA=200.0,
            ExposureInmAs=100.0,
            ExposureModulationType="NONE",
            CTDIvol=10.0,
            CTDIPhantomTypeCodeSequence=[code("113691", "DCM", "IEC Body Dosimetry Phantom")],
        )
    ]
    shared.CTXRayDetailsSequence = [
        item(KVP="120", FocalSpots=[1.0], FilterType="NONE", FilterMaterial="ALUMINUM",
             CalciumScoringMassFactorPatient=0.8)
    ]  # fmt: skip
    shared.PixelValueTransformationSequence = [
        item(RescaleIntercept="0", RescaleSlope="1", RescaleType="HU")
    ]
    shared.FrameVOILUTSequence = [item(WindowCenter="40", WindowWidth="400")]
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.PerFrameFunctionalGroupsSequence = [
        _frame(instance, frame, 350.0) for frame in range(plan.frames)
    ]
    pixels = b"".join(
        phantoms.ct_slice(
            instance.study.scope.seed,
            plan.rows,
            plan.columns,
            frame,
            plan.frames,
            "CHEST",
            label=False,
        )
        for frame in range(plan.frames)
    )
    modules.image_pixel(dataset, plan.rows, plan.columns, pixels, stored=16, signed=True)
    return modules.finish(dataset, instance)


def mr(instance: Instance) -> Dataset:
    """Enhanced MR Image IOD (PS3.3 A.36.2)."""
    plan = instance.series.plan
    kind = ["ORIGINAL", "PRIMARY", "T1", "NONE"]
    dataset = _enhanced(instance, kind)
    # Enhanced MR Image and MR Pulse Sequence Modules, PS3.3 C.8.13.1 and C.8.13.4
    dataset.PixelPresentation = "MONOCHROME"
    dataset.VolumetricProperties = "VOLUME"
    dataset.VolumeBasedCalculationTechnique = "NONE"
    dataset.ComplexImageComponent = "MAGNITUDE"
    dataset.AcquisitionContrast = "T1"
    dataset.ResonantNucleus = "1H"
    dataset.KSpaceFiltering = "NONE"
    dataset.MagneticFieldStrength = 1.5
    dataset.ApplicableSafetyStandardAgency = "IEC"
    dataset.ApplicableSafetyStandardDescription = "IEC 60601-2-33"
    dataset.PresentationLUTShape = "IDENTITY"
    dataset.PulseSequenceName = "se2d"
    dataset.MRAcquisitionType = "2D"
    dataset.EchoPulseSequence = "SPIN"
    dataset.MultipleSpinEcho = "NO"
    dataset.MultiPlanarExcitation = "NO"
    dataset.PhaseContrast = "NO"
    dataset.TimeOfFlightContrast = "NO"
    dataset.SteadyStatePulseSequence = "NONE"
    dataset.EchoPlanarPulseSequence = "NO"
    dataset.SaturationRecovery = "NO"
    dataset.SpectrallySelectedSuppression = "NONE"
    dataset.OversamplingPhase = "NONE"
    dataset.GeometryOfKSpaceTraversal = "RECTILINEAR"
    dataset.RectilinearPhaseEncodeReordering = "LINEAR"
    dataset.SegmentedKSpaceTraversal = "SINGLE"
    dataset.NumberOfKSpaceTrajectories = 1
    shared = _shared(instance, 240.0, "BRAIN")
    shared.MRImageFrameTypeSequence = [
        item(**{
            **{e.keyword: e.value for e in _frame_type(kind)},
            "ComplexImageComponent": "MAGNITUDE",
            "AcquisitionContrast": "T1",
        })
    ]  # fmt: skip
    shared.MRTimingAndRelatedParametersSequence = [
        item(
            RepetitionTime="500",
            FlipAngle="90",
            EchoTrainLength=1,
            RFEchoTrainLength=1,
            GradientEchoTrainLength=0,
            SpecificAbsorptionRateSequence=[
                item(SpecificAbsorptionRateDefinition="IEC_WHOLE_BODY",
                     SpecificAbsorptionRateValue=0.5)
            ],
            GradientOutputType="DB_DT",
            GradientOutput=20.0,
            OperatingModeSequence=[
                item(OperatingModeType="STATIC FIELD", OperatingMode="IEC_NORMAL"),
                item(OperatingModeType="RF", OperatingMode="IEC_NORMAL"),
                item(OperatingModeType="GRADIENT", OperatingMode="IEC_NORMAL"),
            ],
        )
    ]  # fmt: skip
    shared.MREchoSequence = [item(EffectiveEchoTime=12.0)]
    shared.MRModifierSequence = [
        item(
            InversionRecovery="NO",
            FlowCompensation="NONE",
            Spoiling="NONE",
            T2Preparation="NO",
            SpectrallySelectedExcitation="NONE",
            SpatialPresaturation="NONE",
            PartialFourier="NO",
            ParallelAcquisition="NO",
        )
    ]
    shared.MRImagingModifierSequence = [
        item(
            MagnetizationTransfer="NONE",
            BloodSignalNulling="NO",
            Tagging="NONE",
            TransmitterFrequency=63.87,
            PixelBandwidth="130",
        )
    ]
    shared.MRReceiveCoilSequence = [
        item(
            ReceiveCoilName="HEAD",
            ReceiveCoilManufacturerName=modules.MANUFACTURER,
            ReceiveCoilType="VOLUME",
            QuadratureReceiveCoil="YES",
        )
    ]
    shared.MRTransmitCoilSequence = [
        item(
            TransmitCoilName="BODY",
            TransmitCoilManufacturerName=modules.MANUFACTURER,
            TransmitCoilType="BODY",
        )
    ]
    shared.MRFOVGeometrySequence = [
        item(
            InPlanePhaseEncodingDirection="ROW",
            MRAcquisitionFrequencyEncodingSteps=plan.columns,
            MRAcquisitionPhaseEncodingStepsInPlane=plan.rows,
            PercentSampling="100",
            PercentPhaseFieldOfView="100",
        )
    ]
    shared.MRAveragesSequence = [item(NumberOfAverages="1")]
    shared.PixelValueTransformationSequence = [
        item(RescaleIntercept="0", RescaleSlope="1", RescaleType="US")
    ]
    shared.FrameVOILUTSequence = [item(WindowCenter="1200", WindowWidth="2400")]
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.PerFrameFunctionalGroupsSequence = [
        _frame(instance, frame, 240.0) for frame in range(plan.frames)
    ]
    pixels = b"".join(
        phantoms.mr_slice(
            instance.study.scope.seed,
            plan.rows,
            plan.columns,
            frame,
            plan.frames,
            plan.weighting,
            label=False,
        )
        for frame in range(plan.frames)
    )
    modules.image_pixel(dataset, plan.rows, plan.columns, pixels, stored=12)
    return modules.finish(dataset, instance)


def _enhanced(instance: Instance, kind: list[str]) -> Dataset:
    """What both share: multi-frame functional groups and dimension (PS3.3 C.7.6.16, C.7.6.17)."""
    dataset = modules.start(instance)
    modules.frame_of_reference(dataset, instance.series)
    modules.general_image(dataset, instance, *kind)
    dataset.BurnedInAnnotation = "NO"  # no other value is allowed, so nothing is burnt in
    dataset.AcquisitionNumber = 1
    dataset.AcquisitionDateTime = modules.moment(instance)
    dataset.AcquisitionDuration = 10.0
    dataset.AcquisitionContextSequence = []
    dataset.LossyImageCompression = "00"
    dataset.ContentQualification = "RESEARCH"
    dataset.NumberOfFrames = instance.series.plan.frames
    organization = instance.study.scope.uid("dimensions", instance.sop_instance_uid)
    dataset.DimensionOrganizationSequence = [item(DimensionOrganizationUID=organization)]
    dataset.DimensionIndexSequence = [
        item(
            DimensionOrganizationUID=organization,
            DimensionIndexPointer=Tag(keyword),
            FunctionalGroupPointer=Tag("FrameContentSequence"),
        )
        for keyword in ("StackID", "InStackPositionNumber")
    ]
    dataset.PatientPosition = "HFS"
    return dataset


def _frame_type(kind: list[str]) -> Dataset:
    return item(
        FrameType=kind,
        PixelPresentation="MONOCHROME",
        VolumetricProperties="VOLUME",
        VolumeBasedCalculationTechnique="NONE",
    )


def _shared(instance: Instance, field_of_view: float, region: str) -> Dataset:
    """Functional groups that are the same for all frames."""
    plan = instance.series.plan
    value, meaning = {"CHEST": ("51185008", "Chest"), "BRAIN": ("12738006", "Brain")}[region]
    return item(
        PixelMeasuresSequence=[
            item(
                SliceThickness=f"{_THICKNESS}",
                PixelSpacing=[f"{field_of_view / plan.rows:.6f}"] * 2,
                SpacingBetweenSlices=f"{_THICKNESS}",
            )
        ],
        PlaneOrientationSequence=[item(ImageOrientationPatient=["1", "0", "0", "0", "1", "0"])],
        FrameAnatomySequence=[
            item(FrameLaterality="U", AnatomicRegionSequence=[code(value, "SCT", meaning)])
        ],
    )


def _frame(instance: Instance, frame: int, field_of_view: float) -> Dataset:
    """Functional groups of one frame: where it stands, and when it was made."""
    moment = modules.moment(instance)
    corner = f"{-field_of_view / 2:.6f}"
    return item(
        FrameContentSequence=[
            item(
                FrameAcquisitionNumber=1,
                FrameReferenceDateTime=moment,
                FrameAcquisitionDateTime=moment,
                FrameAcquisitionDuration=500.0,
                StackID="1",
                InStackPositionNumber=frame + 1,
                DimensionIndexValues=[1, frame + 1],
            )
        ],
        PlanePositionSequence=[
            item(ImagePositionPatient=[corner, corner, f"{frame * _THICKNESS}"])
        ],
    )
