"""Synthetic patients, studies and pixels: deterministic, valid, and plainly not real."""

from stepwedge.synthetic.conformance import conformance_corpus
from stepwedge.synthetic.corpus import Corpus, Question
from stepwedge.synthetic.hospital import Hospital
from stepwedge.synthetic.matching import Answer
from stepwedge.synthetic.model import Instance, Series, SeriesPlan, Study
from stepwedge.synthetic.people import Patient
from stepwedge.synthetic.template import Template
from stepwedge.synthetic.variety import variety_corpus
from stepwedge.synthetic.write import Written, write_corpus, write_zip

__all__ = [
    "Answer",
    "Corpus",
    "Hospital",
    "Instance",
    "Patient",
    "Question",
    "Series",
    "SeriesPlan",
    "Study",
    "Template",
    "Written",
    "conformance_corpus",
    "variety_corpus",
    "write_corpus",
    "write_zip",
]
