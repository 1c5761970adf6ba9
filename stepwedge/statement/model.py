"""What a Conformance Statement says, section by section (PS3.2 Annex N).

Each section of `claims.toml` is a model of its own, so that a mistake in one does not hide those in
another.  Names are resolved when they are read: SOP classes and transfer syntaxes to UIDs,
attributes to keywords.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from stepwedge.statement import names

Matching = Literal[
    "single", "wildcard", "range", "universal", "list", "multiple", "sequence", "returned"
]
MATCHING: tuple[str, ...] = get_args(Matching)

# PS3.4 C.2.2.2: the value representations that a type of matching applies to; None takes any.
APPLIES: dict[str, frozenset[str] | None] = {
    "wildcard": frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"}),
    "range": frozenset({"DA", "TM", "DT"}),
    "list": frozenset({"UI"}),
    "sequence": frozenset({"SQ"}),
    "single": None,
    "multiple": None,
    "universal": None,
    "returned": None,
}

# Services whose responses have a table of statuses.
SERVICES = ("echo", "store", "find", "move", "get", "commitment", "mpps", "worklist")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, le=86400)]
SopClass = Annotated[str, AfterValidator(names.sop_class)]
Term = Annotated[str, AfterValidator(names.character_set)]
TlsProfile = Annotated[str, AfterValidator(names.tls_profile)]
Status = Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{1,4}[xX]{0,3}$", min_length=4, max_length=4)]


class Product(_Section):
    """What the statement is about, and where it was taken from."""

    name: str = ""
    version: str = ""
    source: str = ""


class Implementation(_Section):
    """Implementation identifying information (Table N.7-2)."""

    class_uid: Annotated[str, Field(pattern=r"^[0-9.]{1,64}$")] | None = None
    version_name: Annotated[str, Field(min_length=1, max_length=16)] | None = None


class Limits(_Section):
    """Limits and timers (Tables N.6-1 and N.7-2): bytes, associations, seconds."""

    max_pdu: Annotated[int, Field(ge=0)] | None = None
    max_associations: Count | None = None
    artim_timeout: Seconds | None = None
    idle_timeout: Seconds | None = None
    response_timeout: Seconds | None = None


class Policy(_Section):
    """Whom associations are accepted from, and what is negotiated beside contexts (N.7)."""

    called_ae_checked: bool | None = None
    calling_ae_checked: bool | None = None
    operations_window: Annotated[int, Field(ge=0)] | None = None
    role_selection: bool | None = None


class Offer(_Section):
    """SOP classes that share a role and transfer syntaxes (Tables N.5-1 and following)."""

    classes: Annotated[tuple[SopClass, ...], Field(min_length=1)]
    role: Literal["SCP", "SCU", "both"] = "SCP"
    # Transfer syntaxes, or names of [transfer_syntax_sets].
    transfer_syntaxes: tuple[str, ...] = ()


class Storage(_Section):
    """Conformance of storage (PS3.4 B.4.1; Table N.5-10)."""

    level: Literal[0, 1, 2] | None = None


class Extended(_Section):
    """Extended negotiation of one information model (PS3.4 C.5.1.1, K.5)."""

    relational: bool = False
    combined_date_time: bool = False
    fuzzy: bool = False
    timezone: bool = False


class Commitment(_Section):
    """Storage commitment (Table N.5-16)."""

    same_association: bool | None = None


class Security(_Section):
    """Security profiles (PS3.15): TLS profiles by name, and types of user identity (1 to 5)."""

    tls: tuple[TlsProfile, ...] = ()
    user_identity: tuple[Annotated[int, Field(ge=1, le=5)], ...] = ()
    audit: bool | None = None


Keys = Mapping[str, Mapping[str, Mapping[str, tuple[str, ...]]]]


@dataclass(frozen=True)
class Statement:
    """A Conformance Statement.

    `keys` are matching types by information model, level and keyword; `offered` are the transfer
    syntaxes of each SOP class by role; `status` are patterns such as `A7xx` by service.
    """

    product: Product = field(default_factory=Product)
    implementation: Implementation = field(default_factory=Implementation)
    limits: Limits = field(default_factory=Limits)
    association: Policy = field(default_factory=Policy)
    storage: Storage = field(default_factory=Storage)
    commitment: Commitment = field(default_factory=Commitment)
    security: Security = field(default_factory=Security)
    offers: tuple[Offer, ...] = ()
    sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keys: Keys = field(default_factory=dict)
    extended: Mapping[str, Extended] = field(default_factory=dict)
    character_sets: tuple[str, ...] = ()
    status: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def offered(self, role: str) -> dict[str, tuple[str, ...]]:
        """SOP class → transfer syntaxes, for SCP or SCU; those of several offers together."""
        found: dict[str, dict[str, None]] = {}
        for offer in self.offers:
            if offer.role in (role, "both"):
                for uid in offer.classes:
                    found.setdefault(uid, {}).update(dict.fromkeys(self.syntaxes(offer)))
        return {uid: tuple(syntaxes) for uid, syntaxes in found.items()}

    def offered_classes(self, role: str) -> tuple[str, ...]:
        """The SOP classes of a role, whatever their transfer syntaxes."""
        classes = (uid for o in self.offers if o.role in (role, "both") for uid in o.classes)
        return tuple(dict.fromkeys(classes))

    def syntaxes(self, offer: Offer) -> tuple[str, ...]:
        """The transfer syntaxes of an offer, sets resolved."""
        found: dict[str, None] = {}
        for text in offer.transfer_syntaxes:
            more = self.sets.get(text) or (names.transfer_syntax(text),)
            found.update(dict.fromkeys(more))
        return tuple(found)

    def provides(self, uid: str) -> bool:
        """True when a SOP class is claimed as SCP."""
        return any(uid in o.classes and o.role in ("SCP", "both") for o in self.offers)

    def each_key(self) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
        """Model, level, keyword and matching types of each key."""
        for model, levels in self.keys.items():
            for level, keys in levels.items():
                for keyword, types in keys.items():
                    yield model, level, keyword, types

    def matching(self, model: str, level: str, keyword: str) -> tuple[str, ...]:
        """The matching types of one key; empty when it is not claimed."""
        return self.keys.get(model, {}).get(level, {}).get(keyword, ())


Fields = dict[str, Any]
