"""DICOM series and segmentations written as scanners and tools write them."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.pixels import pack_bits
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, SegmentationStorage, generate_uid

AXIAL = [1, 0, 0, 0, 1, 0]


def _file(kind, uid, **tags):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = kind, uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = kind, uid
    for name, value in tags.items():
        setattr(data, name, value)
    return data


def _save(data, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    data.save_as(path, enforce_file_format=True)
    return path


def series(folder, volume, patient="SMITH-1234", step=2.5, directions=AXIAL, **tags):
    """Write (K, H, W) int16 as a CT series, files in shuffled order; return the headers by k."""
    uid, space, written = generate_uid(), generate_uid(), []
    names = np.random.default_rng(0).permutation(len(volume))
    normal = np.cross(directions[:3], directions[3:])
    for k, pixels in enumerate(volume):
        data = _file(
            CTImageStorage, generate_uid(), SeriesInstanceUID=uid, PatientID=patient,
            FrameOfReferenceUID=space,
            PatientName="Smith^John", PatientBirthDate="19700101", StudyDate="20200202",
            Modality="CT", Rows=pixels.shape[0], Columns=pixels.shape[1], SamplesPerPixel=1,
            PhotometricInterpretation="MONOCHROME2", BitsAllocated=16, BitsStored=16, HighBit=15,
            PixelRepresentation=1, RescaleSlope=1, RescaleIntercept=-1000, InstanceNumber=k + 1,
            ImageOrientationPatient=directions, PixelSpacing=[0.5, 0.75], WindowCenter=-900,
            WindowWidth=400, ImagePositionPatient=[float(v) for v in normal * k * step],
            **{key: value[k] if isinstance(value, dict) else value for key, value in tags.items()
               if not isinstance(value, dict) or k in value},
        )  # fmt: skip
        data.PixelData = pixels.astype("<i2").tobytes()
        _save(data, folder / f"IM{names[k]:04d}.dcm")
        written.append(data)
    return written


def segmentation(path, slices, segments, by="source", **tags):
    """Write {label: (K, H, W) bool} over the slices as a binary DICOM-SEG."""
    frames, groups = [], []
    for number, volume in enumerate(segments.values(), start=1):
        for k, pixels in enumerate(volume):
            if not pixels.any():
                continue
            own, segment = Dataset(), Dataset()
            segment.ReferencedSegmentNumber = number
            own.SegmentIdentificationSequence = Sequence([segment])
            if by == "source":
                source, derived = Dataset(), Dataset()
                source.ReferencedSOPClassUID = CTImageStorage
                source.ReferencedSOPInstanceUID = slices[k].SOPInstanceUID
                derived.SourceImageSequence = Sequence([source])
                own.DerivationImageSequence = Sequence([derived])
            place = Dataset()
            place.ImagePositionPatient = slices[k].ImagePositionPatient
            own.PlanePositionSequence = Sequence([place])
            frames.append(pixels)
            groups.append(own)
    listed = []
    for number, label in enumerate(segments, start=1):
        segment = Dataset()
        segment.SegmentNumber, segment.SegmentLabel = number, label
        listed.append(segment)
    ways, shared = Dataset(), Dataset()
    ways.ImageOrientationPatient = slices[0].ImageOrientationPatient
    shared.PlaneOrientationSequence = Sequence([ways])
    height, width = frames[0].shape
    data = _file(
        SegmentationStorage, generate_uid(), SeriesInstanceUID=generate_uid(), Modality="SEG",
        PatientID=slices[0].PatientID,
        FrameOfReferenceUID=slices[0].FrameOfReferenceUID,
        Rows=height, Columns=width, SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2", BitsAllocated=1, BitsStored=1, HighBit=0,
        PixelRepresentation=0, NumberOfFrames=len(frames), SegmentationType="BINARY",
        SegmentSequence=Sequence(listed), PerFrameFunctionalGroupsSequence=Sequence(groups),
        SharedFunctionalGroupsSequence=Sequence([shared]),
    )  # fmt: skip
    data.PixelData = pack_bits(np.stack(frames).astype(np.uint8).ravel())
    if tags.get("fractional"):
        data.SegmentationType, data.MaximumFractionalValue = "FRACTIONAL", 200
        data.BitsAllocated = data.BitsStored = 8
        data.HighBit = 7
        data.PixelData = np.where(np.stack(frames), 100, 99).astype(np.uint8).tobytes()
    if len(data.PixelData) % 2:
        data.PixelData += b"\0"
    return _save(data, path)
