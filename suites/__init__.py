"""The checks: one folder a DICOM service, one file a topic, one test a requirement."""
