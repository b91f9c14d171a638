# ruff: noqa
# mypy: ignore-errors
"""Stub until the column maps are merged."""

from calcrisk.cohort.scoring import Staged
from calcrisk.cohort.tables import PLACE, SOURCE
from calcrisk.inputs.documents import Document
from calcrisk.rules.sql.states import Source
from calcrisk.stated import Written
from calcrisk.variables import registry


def staged(table, map):
    src = {}
    odd = []
    for n in table.columns:
        if n in registry():
            v = registry()[n]
            if table.columns[n] == "VARCHAR":
                if v.kind == "number":
                    cast = f"TRY_CAST({n} AS DOUBLE)"
                    ok = f"{cast} BETWEEN {v.hard[0]} AND {v.hard[1]}"
                    odd.append(f"({n} IS NOT NULL AND ({cast} IS NULL OR NOT {ok}))")
                    src[n] = Source(f"CASE WHEN {ok} THEN {cast} END")
                elif v.kind == "yesno":
                    src[n] = Source(f"CASE {n} WHEN 'yes' THEN 1 WHEN 'no' THEN 0 END")
                else:
                    src[n] = Source(
                        "CASE " + n + " " + " ".join(f"WHEN '{w}' THEN {i}" for i, w in enumerate(v.values)) + " END"
                    )
            else:
                src[n] = Source(n)

    def reader(row):
        fields = {
            n: Written(None if row[n] is None else str(row[n]), f"{row[SOURCE]}:{row[PLACE] + 2}")
            for n in table.columns
            if n in registry()
        }
        return Document(row[SOURCE], index=row[PLACE], id=row.get("id"), fields=fields)

    return Staged(src, "CAST(id AS VARCHAR)" if "id" in table.columns else "NULL", " OR ".join(odd) or None, {}), reader
