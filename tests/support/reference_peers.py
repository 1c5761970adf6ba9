"""What tests of the reference PACS share: the kinds of their fixtures, and identifiers."""

from __future__ import annotations

from collections.abc import Callable

from pydicom.dataset import Dataset

Make = Callable[..., Dataset]
Find = Callable[..., list[Dataset]]
Store = Callable[..., None]
Dcmtk = Callable[..., str]


def identifier(level: str | None, **keys: str) -> Dataset:
    """A request identifier."""
    ds = Dataset()
    if level is not None:
        ds.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(ds, keyword, value)
    return ds
