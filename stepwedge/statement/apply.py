"""What a claims file says of a target, in the target's own terms."""

from __future__ import annotations

from stepwedge.checks import is_claimed
from stepwedge.errors import UsageError
from stepwedge.statement.implied import implied, sayable
from stepwedge.target import Declared, Target
from stepwedge.tls import PROFILES


def apply(target: Target, *, more: bool) -> Target:
    """The target with all that its claims file implies.

    With `more` the target adds dotted claims that a Conformance Statement has no place for.  Raises
    UsageError when it adds one that the statement could make and does not, or declares otherwise.
    """
    statement = target.statement
    assert statement is not None
    stated = implied(statement)
    added = target.claims if more else ()
    said = {
        "max_pdu": statement.limits.max_pdu,
        "implementation_class_uid": statement.implementation.class_uid,
        "implementation_version": statement.implementation.version_name,
        "artim": statement.limits.artim_timeout,
        "idle": statement.limits.idle_timeout,
    }
    declared = target.declared.model_dump(exclude_none=True)
    mistakes = [
        f"claims {claim!r}, which the file does not"
        for claim in added
        if sayable(claim) and not is_claimed(claim, stated)
    ] + [
        f"declared.{key} is {value!r} here and {said[key]!r} there"
        for key, value in declared.items()
        if said[key] not in (None, value)
    ]
    profiles, given = statement.security.tls, "profile" in target.tls.model_fields_set
    if profiles and given and target.tls.profile not in profiles:
        mistakes.append(f"tls.profile is {target.tls.profile!r} here and {list(profiles)} there")
    if mistakes:
        raise UsageError(
            f"the target contradicts its claims file {target.claims_file}:\n"
            + "\n".join(f"  {line}" for line in mistakes),
            "say it in one place, the claims file",
        )
    values = {key: value for key, value in said.items() if value is not None}
    tls = target.tls
    if profiles and not given:
        # Of several the one that demands most is held against the target.
        tls = tls.model_copy(update={"profile": max(profiles, key=_demands)})
    return target.model_copy(
        update={
            "tls": tls,
            "claims": tuple(dict.fromkeys((*stated, *added))),
            "declared": Declared.model_validate(declared | values),
        }
    )


def _demands(profile: str) -> int:
    kept = PROFILES[profile]
    return 0 if kept.retired else len(kept.claims)
