"""Odd cases: rare data sets that are right, and data sets that break a rule (PS3.5, PS3.3).

What is right, however rare, must be stored and come back as it was.  What breaks a rule may be
refused, in words or by an abort; a server that says it has stored it must be able to send it.
What cannot be identified or read to its end must not be acknowledged.  The cases are those of the
catalogue `stepwedge.synthetic.odd`.
"""

from __future__ import annotations

from collections.abc import Callable

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.deposits import STORED, Deposits
from stepwedge.fixtures.verifiers import STATUS, expect, expect_status
from stepwedge.synthetic.odd import Outcome, odd_case
from stepwedge.verdicts import Deviation, Level

Test = Callable[[Deposits], None]

ANY = "storage.ct"
LEVEL_2 = "full-storage"  # the case is about what levels 0 and 1 may discard (PS3.4 B.4.1)


def _odd(id: str, case: str, defect: str, claim: str = ANY, level: Level | None = None) -> Test:
    """The check of one case of the catalogue."""
    odd = odd_case(case)
    judge = {
        Outcome.MUST_STORE: _expect_kept,
        Outcome.MAY_REFUSE: _expect_an_answer,
        Outcome.MUST_REFUSE: _expect_refused,
    }[odd.outcome]

    def test(deposits: Deposits) -> None:
        judge(deposits, case)

    test.__doc__ = _SENTENCES[odd.outcome].format(odd.what.rstrip("."))
    # What breaks a rule is nobody's duty: how a server copes with it is a matter of quality.
    level = level or (SHALL if odd.outcome is Outcome.MUST_STORE else QUALITY)
    return check(id, odd.clause, level, claim=claim, defects=[defect])(test)


_SENTENCES = {
    Outcome.MUST_STORE: "Stored, and comes back: {}.",
    Outcome.MAY_REFUSE: "Refused, or stored for good: {}.",
    Outcome.MUST_REFUSE: "Not acknowledged: {}.",
}


def _expect_kept(deposits: Deposits, case: str) -> None:
    odd = odd_case(case)
    deposits.expect_kept(deposits.odd(odd), f"the case {case}", *odd.about)


def _status(deposits: Deposits, case: str) -> int | None:
    """The status that the case is answered with; None when the association was ended instead."""
    try:
        (operation,) = deposits.send(deposits.odd(odd_case(case)))
    except Deviation as ending:
        if "nothing" in ending.observed:
            raise
        return None
    return expect_status(operation.final, *STORED, "failure")


def _expect_an_answer(deposits: Deposits, case: str) -> None:
    if _status(deposits, case) in STORED:
        deposits.bring(deposits.odd(odd_case(case)), "STUDY")


def _expect_refused(deposits: Deposits, case: str) -> None:
    status = _status(deposits, case)
    expect(
        status not in STORED,
        "a failure status or an abort",
        f"status {status or 0:04X}H",
        STATUS,
    )


DATES = "store-rare-times-refused"
TEXT = "store-text-cut"
NAME = "store-truncates-name"
VALUES = "store-values-collapsed"
NUMBERS = "store-rare-numbers-refused"
ZONES = "store-zone-dropped"
UIDS = "store-rare-uids-refused"
UNKNOWN = "store-un-refused"
PRIVATE = "store-drops-private"
ITEMS = "store-drops-sequence-items"
EMPTY = "store-drops-empty"
LENGTHS = "store-group-length-refused"
PIXELS = "store-changes-pixels"
OVERLAY = "store-drops-overlay"
COMPRESSED = "store-compressed-refused"
STRANGE_STATUS = "store-status-outside-table"

# Values
test_empty_type_2 = _odd("STORE-301", "empty-type-2", EMPTY)
test_longest_values = _odd("STORE-302", "longest-values", NAME)
test_characters_not_bytes = _odd("STORE-303", "characters-not-bytes", NAME)
test_three_long_groups = _odd("STORE-304", "three-long-groups", NAME)
test_no_alphabetic_group = _odd("STORE-305", "name-without-alphabet", "store-charset-dropped")
test_backslash_in_text = _odd("STORE-306", "backslash-in-text", TEXT, LEVEL_2)
test_lines_in_text = _odd("STORE-307", "lines-in-text", TEXT, LEVEL_2)
test_empty_among_values = _odd("STORE-308", "empty-among-values", VALUES, LEVEL_2)
test_thousand_values = _odd("STORE-309", "thousand-values", VALUES, LEVEL_2)
test_numbers_in_full_form = _odd("STORE-310", "numbers-in-full-form", NUMBERS)
test_before_1900 = _odd("STORE-311", "before-1900", DATES)
test_year_one = _odd("STORE-312", "year-one", DATES)
test_leap_second = _odd("STORE-313", "leap-second", DATES)
test_fractions_of_seconds = _odd("STORE-314", "fractions-of-seconds", DATES)
test_time_zones = _odd("STORE-315", "time-zones", ZONES, LEVEL_2)
test_uid_of_64_characters = _odd("STORE-316", "uid-of-64-characters", UIDS)
test_uid_with_zeros = _odd("STORE-317", "uid-with-zeros", UIDS)

# Structure
test_two_private_creators = _odd("STORE-320", "two-private-creators", PRIVATE, LEVEL_2)
test_last_private_block = _odd("STORE-321", "last-private-block", PRIVATE, LEVEL_2)
test_private_in_items = _odd("STORE-322", "private-in-items", PRIVATE, LEVEL_2)
test_private_megabyte = _odd("STORE-323", "private-megabyte", PRIVATE, LEVEL_2, QUALITY)
test_known_as_unknown = _odd("STORE-324", "known-as-unknown", UNKNOWN)
test_unknown_sequence = _odd("STORE-325", "unknown-sequence", UNKNOWN, LEVEL_2, QUALITY)
test_value_too_long = _odd("STORE-326", "value-too-long-for-its-vr", UNKNOWN, LEVEL_2, QUALITY)
test_empty_sequences = _odd("STORE-327", "empty-sequences", EMPTY, LEVEL_2)
test_empty_items = _odd("STORE-328", "empty-items", ITEMS, LEVEL_2)
test_mixed_lengths = _odd("STORE-329", "mixed-lengths", ITEMS, LEVEL_2)
test_nested_32_deep = _odd(
    "STORE-330", "nested-32-deep", "store-deep-nesting-refused", LEVEL_2, QUALITY
)
test_ten_thousand_items = _odd("STORE-331", "ten-thousand-items", ITEMS, LEVEL_2, QUALITY)
test_group_lengths = _odd("STORE-332", "group-lengths", LENGTHS)

# Pixels
test_one_pixel = _odd("STORE-340", "one-pixel", PIXELS)
test_very_wide = _odd("STORE-341", "very-wide", PIXELS, level=QUALITY)
test_very_tall = _odd("STORE-342", "very-tall", PIXELS, level=QUALITY)
test_odd_number_of_pixels = _odd("STORE-343", "odd-number-of-pixels", PIXELS, "objects.sc")
test_bits_1 = _odd("STORE-344", "bits-1-unsigned", PIXELS, "objects.seg")
test_bits_8_unsigned = _odd("STORE-345", "bits-8-unsigned", PIXELS, "objects.sc")
test_bits_8_signed = _odd("STORE-346", "bits-8-signed", PIXELS, "objects.sc")
test_bits_12_unsigned = _odd("STORE-347", "bits-12-unsigned", PIXELS, "objects.sc")
test_bits_12_signed = _odd("STORE-348", "bits-12-signed", PIXELS, "objects.sc")
test_bits_16_unsigned = _odd("STORE-349", "bits-16-unsigned", PIXELS, "objects.sc")
test_bits_16_signed = _odd("STORE-350", "bits-16-signed", PIXELS, "objects.sc")
test_bits_32_unsigned = _odd("STORE-351", "bits-32-unsigned", PIXELS, "objects.sc")
test_bits_32_signed = _odd("STORE-352", "bits-32-signed", PIXELS, "objects.sc")
test_inverted_grey = _odd("STORE-353", "inverted-grey", PIXELS, "objects.sc")
test_palette_of_8_bits = _odd("STORE-354", "palette-of-8-bits", PIXELS, "objects.sc")
test_palette_of_16_bits = _odd("STORE-355", "palette-of-16-bits", PIXELS, "objects.sc")
test_segmented_palette = _odd("STORE-356", "segmented-palette", PIXELS, "objects.sc")
test_colour_by_plane = _odd("STORE-357", "colour-by-plane", PIXELS, "objects.sc")
test_ybr_full = _odd("STORE-358", "ybr-full", PIXELS, "objects.sc")
test_ybr_full_422 = _odd("STORE-359", "ybr-full-422", PIXELS, "objects.sc")
test_icon_image = _odd("STORE-360", "icon-image", ITEMS, LEVEL_2)
test_overlay_plane = _odd("STORE-361", "overlay-plane", OVERLAY, LEVEL_2)
test_frame_in_fragments = _odd(
    "STORE-362", "frame-in-fragments", COMPRESSED, "syntaxes.jpeg-lossless"
)
test_extended_offset_table = _odd("STORE-363", "extended-offset-table", COMPRESSED, "syntaxes.rle")

# What breaks a rule
test_uid_leading_zero = _odd("STORE-370", "uid-leading-zero", STRANGE_STATUS)
test_uid_too_long = _odd("STORE-371", "uid-too-long", STRANGE_STATUS)
test_uid_with_letters = _odd("STORE-372", "uid-with-letters", STRANGE_STATUS)
test_uid_padded_with_space = _odd("STORE-373", "uid-padded-with-space", STRANGE_STATUS)
test_date_with_dots = _odd("STORE-374", "date-with-dots", STRANGE_STATUS)
test_no_such_day = _odd("STORE-375", "no-such-day", STRANGE_STATUS)
test_hour_24 = _odd("STORE-376", "hour-24", STRANGE_STATUS)
test_too_long_values = _odd("STORE-377", "too-long-values", STRANGE_STATUS)
test_number_of_letters = _odd("STORE-378", "number-of-letters", STRANGE_STATUS)
test_padded_with_nul = _odd("STORE-379", "padded-with-nul", STRANGE_STATUS)
test_odd_length = _odd("STORE-380", "odd-length", STRANGE_STATUS)
test_unknown_character_set = _odd("STORE-381", "unknown-character-set", STRANGE_STATUS)
test_undeclared_characters = _odd("STORE-382", "undeclared-characters", STRANGE_STATUS)
test_wrong_group_lengths = _odd("STORE-383", "wrong-group-lengths", STRANGE_STATUS)
test_no_private_creator = _odd("STORE-384", "private-without-creator", STRANGE_STATUS)
test_vr_of_the_future = _odd("STORE-385", "vr-of-the-future", STRANGE_STATUS)
test_reserved_bytes_used = _odd("STORE-386", "reserved-bytes-used", STRANGE_STATUS)
test_element_out_of_order = _odd("STORE-387", "element-out-of-order", STRANGE_STATUS)
test_element_twice = _odd("STORE-388", "element-twice", STRANGE_STATUS)
test_group_2 = _odd("STORE-389", "group-2-in-the-data-set", STRANGE_STATUS)
test_trailing_padding = _odd("STORE-390", "trailing-padding", STRANGE_STATUS)
test_high_bit_apart = _odd("STORE-391", "high-bit-apart", STRANGE_STATUS, "objects.sc")
test_packed_pixels = _odd("STORE-392", "packed-pixels", STRANGE_STATUS, "objects.sc")
test_zero_frames = _odd("STORE-393", "zero-frames", STRANGE_STATUS, "storage.us-multiframe")
test_too_many_frames = _odd(
    "STORE-394", "more-frames-than-there-are", STRANGE_STATUS, "storage.us-multiframe"
)
test_no_pixel_data = _odd("STORE-395", "no-pixel-data", STRANGE_STATUS)
test_empty_pixel_data = _odd("STORE-396", "empty-pixel-data", STRANGE_STATUS)
test_short_pixel_data = _odd("STORE-397", "short-pixel-data", STRANGE_STATUS)
test_excess_pixel_data = _odd("STORE-398", "excess-pixel-data", STRANGE_STATUS)
test_open_native_pixel_data = _odd("STORE-399", "open-native-pixel-data", STRANGE_STATUS)
test_wrong_offset_table = _odd("STORE-400", "wrong-offset-table", STRANGE_STATUS, "syntaxes.rle")

# What cannot be identified, or read to its end
test_empty_instance_uid = _odd("STORE-410", "empty-instance-uid", "store-uid-mismatch-accepted")
test_empty_study_uid = _odd("STORE-411", "empty-study-uid", "store-missing-uid-accepted")
test_sequence_without_end = _odd("STORE-412", "sequence-without-end", "store-garbage-accepted")
