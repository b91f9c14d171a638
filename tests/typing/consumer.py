"""What a stranger's typed program looks like: `make types` checks it, tests/test_packaging.py runs it.

It uses the public names only. A line that stops type-checking here breaks somebody's program.
"""

from __future__ import annotations

from typing import assert_type

from calcrisk import Assessment, InputError, Patient, Rulebook, assess


def main() -> None:
    """Assess one patient, read the answer, and be refused once."""
    rulebook = Rulebook.default()
    patient = Patient(calcium=9.9, phosphate=6.81, ckd_stage="G5", dialysis=True, age=58)
    answer = assess(patient, rulebook)

    assert_type(answer, Assessment)
    assert_type(answer.classification, str)
    assert_type(answer.settled, bool)
    assert_type(answer.ca_p_product.value, float | None)
    assert_type(answer.risk.metastatic.tier, str | None)
    for finding in answer.findings:
        sentence: str = finding.because
        sources: list[str] = [citation.id for citation in finding.evidence]
        print(sentence, sources)
    for missing in answer.missing:
        assert_type(missing.decisive, bool)

    try:
        Patient(calcium=2.4)
    except InputError as error:
        for fault in error.faults:
            assert_type(fault.hint, str | None)
            print(fault.message, fault.hint)


if __name__ == "__main__":
    main()
