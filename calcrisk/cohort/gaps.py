"""Signs by which exports say of a cell that nothing is stated."""

from __future__ import annotations

from typing import Final

from calcrisk.cohort.engine import text

# as R, Spark and databases write it, and pandas when it is asked, in this case alone: "na" may be a word of somebody's
GAPS: Final = ("NaN", "NA", "NULL", r"\N")


def gaps() -> str:
    """List the signs as SQL does."""
    return ", ".join(map(text, GAPS))
