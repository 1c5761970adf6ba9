"""Gender identity, names to use and pronouns: attributes of 2024 that pydicom does not know yet.

They belong to the Patient Study Module (PS3.3 C.7.2.2).  What their tags and VRs are stands here;
pydicom's own dictionary, which belongs to the whole process, is left as it is.
"""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset
from pydicom.tag import Tag

# Keyword: tag and VR, by PS3.6 Table 6-1.
ATTRIBUTES: dict[str, tuple[int, str]] = {
    "PersonNamesToUseSequence": (0x00100011, "SQ"),
    "NameToUse": (0x00100012, "LT"),
    "ThirdPersonPronounsSequence": (0x00100014, "SQ"),
    "PronounCodeSequence": (0x00100015, "SQ"),
    "GenderIdentitySequence": (0x00100041, "SQ"),
    "SexParametersForClinicalUseCategoryComment": (0x00100042, "UT"),
    "SexParametersForClinicalUseCategorySequence": (0x00100043, "SQ"),
    "GenderIdentityCodeSequence": (0x00100044, "SQ"),
    "SexParametersForClinicalUseCategoryCodeSequence": (0x00100046, "SQ"),
    "SexParametersForClinicalUseCategoryReference": (0x00100047, "UR"),
}

_Code = tuple[str, str, str]

# BCID 7458 Person Gender Identity.
WOMAN: _Code = ("446141000124107", "SCT", "Identifies as female gender")
MAN: _Code = ("446151000124109", "SCT", "Identifies as male gender")
NONBINARY: _Code = ("33791000087105", "SCT", "Identifies as nonbinary gender")

# Pronouns as LOINC's answers name them.
SHE: _Code = ("LA29519-8", "LN", "she/her/her/hers/herself")
HE: _Code = ("LA29518-0", "LN", "he/him/his/his/himself")
THEY: _Code = ("LA29520-6", "LN", "they/them/their/theirs/themselves")

# With this code comment and reference are there (type 2C).
_SPECIFIED: _Code = ("131232", "DCM", "Specified")


def add(dataset: Dataset, keyword: str, value: Any) -> None:
    """Sets one of `ATTRIBUTES`."""
    tag, vr = ATTRIBUTES[keyword]
    dataset.add_new(Tag(tag), vr, value)


def told(identity: _Code, name: str, pronouns: _Code, parameters: str) -> dict[str, Any]:
    """What a person says of themselves, as attributes of a patient by keyword.

    `name` is the name to use in conversation; `parameters` says which reference ranges are to be
    used for the person.
    """
    return {
        "GenderIdentitySequence": [_item(GenderIdentityCodeSequence=[_code(identity)])],
        "PersonNamesToUseSequence": [_item(NameToUse=name)],
        "ThirdPersonPronounsSequence": [_item(PronounCodeSequence=[_code(pronouns)])],
        "SexParametersForClinicalUseCategorySequence": [
            _item(
                SexParametersForClinicalUseCategoryCodeSequence=[_code(_SPECIFIED)],
                SexParametersForClinicalUseCategoryComment=parameters,
                SexParametersForClinicalUseCategoryReference=None,
            )
        ],
    }


def _item(**attributes: Any) -> Dataset:
    dataset = Dataset()
    for keyword, value in attributes.items():
        add(dataset, keyword, value)
    return dataset


def _code(code: _Code) -> Dataset:
    dataset = Dataset()
    dataset.CodeValue, dataset.CodingSchemeDesignator, dataset.CodeMeaning = code
    return dataset
