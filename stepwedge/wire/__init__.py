"""The wire engine: a sans-IO DICOM upper layer and one thin transport around it."""
