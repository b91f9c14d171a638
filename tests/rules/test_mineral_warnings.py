"""Which alerts and warnings of calcium, phosphate and their samples are given, and which are not."""

from __future__ import annotations

import pytest
from answering import Stated, answer

ALERTS: list[tuple[str, Stated, bool]] = [
    ("critical-ionised-calcium", {"ionised_calcium": 2.0, "age": 50}, True),
    ("critical-ionised-calcium", {"ionised_calcium": 2.0}, True),
    ("critical-ionised-calcium", {"ionised_calcium": 1.5, "age": 50}, True),
    ("critical-ionised-calcium", {"ionised_calcium": 1.49, "age": 50}, False),
    ("critical-ionised-calcium", {"ionised_calcium": 0.75, "age": "3 days"}, True),
    ("critical-ionised-calcium", {"ionised_calcium": 0.76}, False),
    ("critical-phosphate", {"phosphate": 9.1, "age": 50}, True),
    ("critical-phosphate", {"phosphate": 9, "age": 50}, False),
    ("critical-phosphate", {"phosphate": 0.9, "age": 50}, True),
    ("critical-phosphate", {"phosphate": 9.1, "age": 17}, False),
    ("critical-phosphate", {"phosphate": 9.1, "age": 50, "sample_haemolysed": True}, False),
    (
        "critical-ionised-calcium",
        {"ionised_calcium": 1.5, "ionised_calcium_upper_limit": 1.57, "age": "5 months"},
        False,
    ),
]


@pytest.mark.parametrize(("pattern", "stated", "said"), ALERTS)
def test_an_alert_is_given_where_it_should_be(pattern: str, stated: Stated, *, said: bool) -> None:
    assert (pattern in {part.pattern for part in answer(**stated).alerts}) is said


WARNINGS: list[tuple[str, Stated, bool]] = [
    ("ionised-limit-of-a-child", {"ionised_calcium": 1.25, "age": 5}, True),
    ("ionised-limit-of-a-child", {"ionised_calcium": 1.25, "ionised_calcium_upper_limit": 1.4, "age": 5}, False),
    ("ionised-limit-of-a-child", {"ionised_calcium": 1.25, "age": 50}, False),
    ("stage-not-stated", {"egfr": 7, "age": 60}, True),
    ("stage-not-stated", {"egfr": 80, "age": 60}, False),
    ("stage-not-stated", {"egfr": 7, "age": 60, "ckd_stage": "G2"}, False),
    ("stage-not-stated", {"egfr": 7, "age": 60, "dialysis": True}, False),
    ("stage-not-stated", {"egfr": 7, "age": 60, "acute_kidney_injury": True}, False),
    ("low-calcium", {"calcium": 8.5, "age": 40}, True),
    ("low-calcium", {"calcium": 8.6, "age": 40}, False),
    ("low-calcium", {"calcium": 8.5, "age": 14}, False),
    ("low-calcium", {"calcium": 8.9, "age": 1}, True),
    ("low-calcium", {"calcium": 8.9, "calcium_lower_limit": 9.0, "age": 40}, True),
    ("low-calcium", {"calcium": 8, "albumin": 3, "age": 40}, False),
    ("low-calcium", {"calcium": "low"}, True),
    ("haemolysed-sample", {"phosphate": 6, "sample_haemolysed": True}, True),
    ("haemolysed-sample", {"phosphate": 6, "sample_haemolysed": False}, False),
    ("post-dialysis-sample", {"phosphate": 3, "sample_post_dialysis": True}, True),
    ("post-dialysis-without-dialysis", {"phosphate": 3, "sample_post_dialysis": True, "ckd_stage": "G2"}, True),
    ("post-dialysis-without-dialysis", {"phosphate": 3, "sample_post_dialysis": True, "dialysis": True}, False),
]


@pytest.mark.parametrize(("code", "stated", "said"), WARNINGS)
def test_a_warning_is_given_where_it_should_be(code: str, stated: Stated, *, said: bool) -> None:
    assert (code in {warning.code for warning in answer(**stated).warnings}) is said
