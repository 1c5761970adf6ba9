"""Waveforms: electrocardiograms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from stepwedge.synthetic import modules, noise
from stepwedge.synthetic.model import Instance
from stepwedge.synthetic.modules import code, item

_RATE = 500  # samples a second
_SECONDS = 10
_BEAT = 400  # samples: 75 beats a minute

# Leads with their MDC codes (PS3.16 CID 3001) and how large the R wave is in each, microvolts.
_LEADS = (
    ("2:1", "Lead I", 700), ("2:2", "Lead II", 1100), ("2:61", "Lead III", 400),
    ("2:62", "Lead aVR", -900), ("2:63", "Lead aVL", 150), ("2:64", "Lead aVF", 750),
    ("2:3", "Lead V1", -300), ("2:4", "Lead V2", -200), ("2:5", "Lead V3", 500),
    ("2:6", "Lead V4", 1300), ("2:7", "Lead V5", 1400), ("2:8", "Lead V6", 1000),
)  # fmt: skip

# One beat as (start, length, height in thousandths of R): P, Q, R, S, T as triangles.
_WAVES = ((60, 45, 120), (130, 12, -100), (140, 22, 1000), (160, 14, -220), (230, 90, 250))


def twelve_lead(instance: Instance) -> Dataset:
    """12-lead ECG Waveform IOD (PS3.3 A.34.3)."""
    return _ecg(instance, _LEADS)


def general(instance: Instance) -> Dataset:
    """General ECG Waveform IOD (PS3.3 A.34.4): a strip of three leads."""
    return _ecg(instance, _LEADS[:3])


def _ecg(instance: Instance, leads: tuple[tuple[str, str, int], ...]) -> Dataset:
    dataset = modules.start(instance)
    dataset.ContentDate = instance.date
    dataset.ContentTime = instance.time
    dataset.AcquisitionDateTime = modules.moment(instance)
    dataset.AcquisitionContextSequence = []
    samples = _samples(instance, [gain for _, _, gain in leads])
    # Waveform Module, PS3.3 C.10.9
    group = item(
        WaveformOriginality="ORIGINAL",
        NumberOfWaveformChannels=len(leads),
        NumberOfWaveformSamples=len(samples),
        SamplingFrequency=f"{_RATE}",
        MultiplexGroupLabel="RHYTHM",
        ChannelDefinitionSequence=[_channel(value, meaning) for value, meaning, _ in leads],
        WaveformBitsAllocated=16,
        WaveformSampleInterpretation="SS",
    )
    group.add_new("WaveformData", "OW", samples.astype("<i2").tobytes())
    dataset.WaveformSequence = [group]
    return modules.finish(dataset, instance)


def _channel(value: str, meaning: str) -> Dataset:
    return item(
        ChannelSourceSequence=[code(value, "MDC", meaning)],
        ChannelSensitivity="1",
        ChannelSensitivityUnitsSequence=[code("uV", "UCUM", "microvolt")],
        ChannelSensitivityCorrectionFactor="1",
        ChannelBaseline="0",
        ChannelSampleSkew="0",
        WaveformBitsStored=16,
        FilterLowFrequency="0.05",
        FilterHighFrequency="150",
    )


def _samples(instance: Instance, gains: list[int]) -> NDArray[np.int32]:
    """Samples by channels, in microvolts: a calibration step, then regular beats with noise."""
    count = _RATE * _SECONDS
    beat = np.zeros(_BEAT, dtype=np.int64)
    for start, length, height in _WAVES:
        half = length // 2
        ramp = np.concatenate([np.arange(half), np.arange(length - half, 0, -1)])
        beat[start : start + length] += ramp * height // max(half, 1)
    curve = np.tile(beat, -(-count // _BEAT))[:count]
    curve[: _RATE // 5] = 0
    channels = np.stack([curve * gain // 1000 for gain in gains], axis=1)
    channels[10 : _RATE // 10] = 1000  # one millivolt, as a step wedge is to a film
    field = noise.bell(channels.shape, 6.0, instance.study.scope.seed, "ecg", instance.number)
    return (channels + field).astype(np.int32)
