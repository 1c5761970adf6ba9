"""Stepwedge: a conformance and load-testing harness for PACS and DICOM edge servers."""

from stepwedge.version import VERSION as __version__

__all__ = ["__version__"]
