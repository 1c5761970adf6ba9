"""DICOM over TLS (PS3.15 Annex B, RFC 8996, RFC 9325)."""
