"""The solver by itself: what must hold of every serum, what saves it where it is hard, and what it never does."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sera import DATA, EVERY_PHASE, extremes, inputs, one, reference, rowwise, serum, several

from calcrisk.chemistry import blocks, constants, newton
from calcrisk.chemistry.blocks import REACH, names, solve
from calcrisk.chemistry.newton import EXACT, QUICK, look, solved, start, substitution
from calcrisk.chemistry.serum import FIELDS, NOT_CONVERGED, SOLVED, STATUS
from calcrisk.chemistry.speciation import P, Target, balance, phosphate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sera import Columns

    from calcrisk.chemistry.serum import Serum

NUMBERS = names(("hap", "ocp", "tcp", "dcpd", "acp"), ("dcpd", "acp"))
assert DATA.is_dir()


def differing(one_way: dict[str, np.ndarray], other: dict[str, np.ndarray], within: float = 0.0) -> list[str]:
    """The numbers that two answers do not share."""
    return [
        name
        for name in NUMBERS
        if not np.allclose(one_way[name], other[name], rtol=within, atol=within, equal_nan=True)
    ]


# ---------------------------------------------------------------------------------------------------- what must hold


def test_mass_balances_close() -> None:
    rows = serum(inputs() | {"ionised_ca": np.full(300, np.nan)})
    state, done, seen = solved(rows)
    assert done.all()
    at = seen.at
    assert np.abs((state.metals + at.bound.sum(axis=1)) / rows.totals - 1).max() < 1e-9
    held = at.ligand * seen.here.folded + at.bound.sum(axis=0)
    there = rows.ligands > 0
    assert np.abs(held[there] / rows.ligands[there] - 1).max() < 1e-12


@pytest.mark.parametrize("phase", ["hap", "ocp", "acp", "dcpd"])
@pytest.mark.parametrize("field", ["p", "ca"])
def test_more_phosphate_and_more_calcium_saturate_more(phase: str, field: str) -> None:
    found = solve(several(field, [0.5, 1, 1.5, 2, 3, 4]))[f"si_{phase}"]
    assert (np.diff(found) > 0).all()


@pytest.mark.parametrize(
    ("field", "values", "rises"),
    [
        ("albumin", [15, 25, 35, 45, 55], False),
        ("ph", [6.9, 7.1, 7.3, 7.5, 7.7], False),
        ("citrate", [0, 0.1, 0.5, 2, 5], False),
        ("lactate", [0, 1, 5, 15, 30], False),
        ("tco2", [5, 15, 25, 35, 45], False),
        ("p", [0.3, 1, 2, 4, 8], False),
        ("na", [110, 130, 140, 150, 170], True),
    ],
)
def test_what_moves_the_ionised_calcium(field: str, values: list[float], rises: bool) -> None:
    step = np.diff(solve(several(field, values))["ionised_ca"])
    assert ((step > 0) if rises else (step < 0)).all()


def test_a_precipice_is_where_the_index_is_zero() -> None:
    for phase in ("dcpd", "acp"):
        at = solve(inputs())[f"p_at_si0_{phase}"]
        reached = ~np.isnan(at) & (at <= 20)  # the model's own range
        rows = {name: column[reached] for name, column in inputs().items()} | {"p": at[reached]}
        there = solve(rows)
        fine = there["status"] == SOLVED
        assert fine.sum() > 100
        assert np.abs(there[f"si_{phase}"][fine]).max() < 1e-7


def test_a_measured_ionised_calcium_gives_the_total_it_came_from() -> None:
    forth = solve(inputs())
    back = solve(inputs() | {"ionised_ca": forth["ionised_ca"]})
    assert np.abs(back["total_ca"] / inputs()["ca"] - 1).max() < 1e-9
    assert np.abs(back["si_hap"] - forth["si_hap"]).max() < 1e-7


def test_a_measured_ionised_calcium_needs_no_total() -> None:
    found = rowwise(solve(one(ca=np.nan, ionised_ca=1.231884)))
    assert found["status"] == SOLVED
    assert found["si_dcpd"] == pytest.approx(-0.428317, abs=1e-5)
    assert np.isnan(found["ca_x_p"])  # there is no product of a total that nobody measured


# ---------------------------------------------------------------------------------------- nobody's neighbours matter


@pytest.mark.parametrize("rows", [1, 7, 64, 4096])
def test_the_size_of_a_block_changes_nothing(rows: int) -> None:
    assert differing(solve(inputs()), solve(inputs(), rows=rows), within=1e-9) == []


def test_the_order_of_the_rows_changes_nothing() -> None:
    order = np.random.default_rng(7).permutation(300)
    mixed = solve({name: column[order] for name, column in inputs().items()})
    assert differing({name: column[order] for name, column in solve(inputs()).items()}, mixed, within=1e-9) == []


def test_a_row_that_cannot_be_solved_leaves_the_others_alone() -> None:
    columns = {name: column.copy() for name, column in inputs().items()}
    columns["ca"][10], columns["p"][20], columns["na"][30], columns["ph"][40] = np.nan, np.nan, 1000, np.inf
    found, plain = solve(columns), solve(inputs())
    others = np.setdiff1d(np.arange(300), [10, 20, 30, 40])
    assert [STATUS[found["status"][row]] for row in (10, 20, 30, 40)] == ["missing"] * 2 + ["out_of_range"] * 2
    assert all(np.isnan(found[name][[10, 20, 30, 40]]).all() for name in NUMBERS)
    assert (
        differing({name: found[name][others] for name in NUMBERS}, {name: plain[name][others] for name in NUMBERS})
        == []
    )


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"ca": [2.4]}, "needs the columns ca and p"),
        ({"ca": [2.4], "p": [1.1, 1.2]}, "of one length"),
        ({"ca": [2.4], "p": [1.1], "calcium": [9.9]}, "no columns of the chemistry: calcium"),
    ],
)
def test_columns_without_a_meaning_are_refused(columns: dict[str, list[float]], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        solve(columns)


# ------------------------------------------------------------------------------------------------- the hard ones


def test_the_fallback_alone_finds_the_same() -> None:
    rows = serum(inputs())
    state, done = substitution(rows, None, tolerance=EXACT)
    assert done.all()
    best, _, _ = solved(rows)
    assert np.abs(state.metals / best.metals - 1).max() < 1e-8


def test_the_fallback_comes_down_all_the_way() -> None:
    """Monotone for given activity coefficients: from above, never below the solution."""
    rows = serum(inputs())
    best, _, seen = solved(rows)
    totals = rows.totals
    metals = totals.copy()
    for _ in range(40):
        at = balance(rows, seen.here, metals, None)
        lower = totals / (1 + at.bound.sum(axis=1) / metals)
        assert (lower <= metals * (1 + 1e-12)).all()
        assert (lower >= best.metals * (1 - 1e-8)).all()
        metals = lower


def test_rows_that_newton_misses_go_through_the_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newton.newton, "__kwdefaults__", {"most": 2, "longest": 1.0})
    found = solve(inputs())
    assert (found["status"] == SOLVED).all()
    monkeypatch.undo()
    assert differing(found, solve(inputs()), within=1e-7) == []


def test_what_neither_can_solve_is_a_mark_and_never_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newton.newton, "__kwdefaults__", {"most": 1, "longest": 1.0})
    monkeypatch.setattr(newton.substitution, "__kwdefaults__", {"most": 1})
    found = solve(inputs())
    assert (found["status"] == NOT_CONVERGED).all()
    assert all(np.isnan(found[name]).all() for name in NUMBERS)


def test_only_the_rows_that_are_not_solved_are_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    def some(rows: Serum, *given: object, **more: object) -> tuple[newton.State, np.ndarray, newton.Looked]:
        state, done, seen = solved(rows, *given, **more)  # type: ignore[arg-type]  # handed on as it came
        return state, done & (np.arange(len(done)) % 3 > 0), seen

    monkeypatch.setattr(blocks, "solved", some)
    found = solve(inputs(), precipices=())
    monkeypatch.undo()
    lost = np.arange(300) % 3 == 0
    assert np.array_equal(found["status"] == NOT_CONVERGED, lost)
    assert np.isnan(found["si_hap"][lost]).all()
    assert np.array_equal(found["si_hap"][~lost], solve(inputs(), precipices=())["si_hap"][~lost])


@pytest.mark.parametrize("factor", [1e-8, 1e-3, 1e2, 1e3])
def test_newton_finds_it_from_any_start(factor: float) -> None:
    rows = serum(inputs())
    usual = start(rows)
    state, done = newton.newton(rows, None, usual._replace(metals=usual.metals * factor), tolerance=EXACT, most=80)
    best, _, _ = solved(rows)
    assert done.all()
    assert np.abs(state.metals / best.metals - 1).max() < 1e-8


def test_a_step_that_overshoots_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of six natural logarithms overshoot from below; without the search along them some never come back."""
    rows, usual = serum(inputs()), start(serum(inputs()))
    low = usual._replace(metals=usual.metals * 1e-6)
    halved = []
    searched = newton._searched

    def watched(*given: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        step, slope, moved = searched(*given)  # type: ignore[arg-type]  # handed on as it came
        halved.append(int((moved != step).any(axis=0).sum()))
        return step, slope, moved

    monkeypatch.setattr(newton, "_searched", watched)
    state, done = newton.newton(rows, None, low, tolerance=EXACT, most=200, longest=6.0)
    best, _, _ = solved(rows)
    assert sum(halved) > 100
    assert done.all()
    assert np.abs(state.metals / best.metals - 1).max() < 1e-8


def test_no_step_is_longer_than_allowed() -> None:
    rows, usual = serum(inputs()), start(serum(inputs()))
    low = usual._replace(metals=usual.metals * 1e-6)
    state, _ = newton.newton(rows, None, low, tolerance=EXACT, most=1)
    assert np.array_equal(state.metals, low.metals)  # not done: the answer is where it began
    after, _, _ = newton._stepped(rows, None, low, None, 1.0)
    assert np.log(after.metals / low.metals).max() == pytest.approx(1.0)


def test_the_precipice_agrees_with_a_search_by_halves() -> None:
    """An independent way: speciate again and again, and close in on the phosphate whose index is zero."""
    for phase in ("dcpd", "acp"):
        low, high = np.log(np.full(300, 1e-2)), np.log(np.full(300, 20.0))
        for _ in range(50):
            middle = (low + high) / 2
            above = solve(inputs() | {"p": np.exp(middle)}, precipices=())[f"si_{phase}"] > 0
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        reached = reference()[f"p_at_si0_{phase}"] < 19
        found = solve(inputs())[f"p_at_si0_{phase}"]
        assert reached.sum() > 200
        assert np.abs(np.exp(low[reached]) / found[reached] - 1).max() < 1e-7


def far_off(columns: Columns) -> dict[str, float]:
    """Which quick answers are not within 1e-6 of the exact ones, each index and each phosphate that saturates."""
    exact, quick = solve(columns), solve(columns, tolerance=QUICK)
    assert np.array_equal(exact["status"], quick["status"])
    off = {f"si_{phase}": exact[f"si_{phase}"] - quick[f"si_{phase}"] for phase in ("hap", "ocp", "tcp", "dcpd", "acp")}
    off |= {name: quick[name] / exact[name] - 1 for name in ("p_at_si0_dcpd", "p_at_si0_acp")}
    assert all(np.array_equal(np.isnan(exact[name]), np.isnan(quick[name])) for name in off)
    largest = {name: float(np.nanmax(np.abs(differences))) for name, differences in off.items()}
    return {name: most for name, most in largest.items() if not most < 1e-6}


def partly_measured(rows: int, seed: int) -> Columns:
    """Extreme sera, an ionised calcium in half of them, a third of what may be lacking lacking."""
    chance = np.random.default_rng(seed)
    columns = extremes(rows, seed) | {"ionised_ca": chance.uniform(0.05, 4, rows)}
    columns["ionised_ca"][::2] = np.nan
    for name in set(columns) - {"ca", "p", "ionised_ca"}:
        columns[name] = np.where(chance.random(rows) < 1 / 3, np.nan, columns[name])
    return columns


@pytest.mark.parametrize(
    "columns", [inputs(), extremes(20_000, 3), partly_measured(20_000, 4)], ids=["reference", "extreme", "partly"]
)
def test_a_quick_answer_is_near_enough(columns: Columns) -> None:
    assert far_off(columns) == {}


@pytest.mark.volume
def test_a_quick_answer_is_near_enough_for_any_serum() -> None:
    assert [far_off(columns) for columns in blocks_of(100_000, 20_000)] == [{}] * 5


# ---------------------------------------------------------------------------------------------------- many and hostile


def blocks_of(rows: int, size: int, *, wider: float = 0.0) -> Iterator[Columns]:
    for seed in range(rows // size):
        yield extremes(size, seed, wider=wider)


def wrong(columns: Columns) -> str:
    """What is wrong with the answer to random rows: a balance that does not close, a number where there is none."""
    found = solve(columns, phases=EVERY_PHASE, precipices=())
    fine = found["status"] == SOLVED
    if not np.isfinite(found["si_hap"][fine]).all() or not np.isnan(found["si_hap"][~fine]).all():
        return "a number where there is none, or none where there is one"
    rows = serum({name: column[fine] for name, column in columns.items()})
    state, _, _ = solved(rows)
    at = look(rows, state, None).at
    if np.abs((state.metals + at.bound.sum(axis=1)) / rows.totals - 1).max() > 1e-8:
        return "a balance does not close"
    if np.abs(state.metals[0] * 0.9933e3 / found["ionised_ca"][fine] - 1).max() > 1e-8:
        return "another ionised calcium"
    if (found["status"] == NOT_CONVERGED).any():
        return "a row within the accepted range was not solved"
    return ""


def test_extreme_sera_are_solved_or_marked() -> None:
    assert [wrong(columns) for columns in blocks_of(20_000, 10_000, wider=0.2)] == ["", ""]


@pytest.mark.volume
def test_a_million_extreme_sera_are_solved_or_marked() -> None:
    assert {wrong(columns) for columns in blocks_of(1_000_000, 50_000)} == {""}


@pytest.mark.volume
def test_saturated_sera_are_saturated_or_not_reached() -> None:
    for columns in blocks_of(40_000, 20_000):
        found = solve(columns)
        for phase in ("dcpd", "acp"):
            at = found[f"p_at_si0_{phase}"]
            reached = np.flatnonzero(~np.isnan(at) & (at > 0.01) & (at < 20))
            again = solve(
                {name: column[reached] for name, column in columns.items()} | {"p": at[reached]}, precipices=()
            )
            assert np.abs(again[f"si_{phase}"]).max() < 1e-6, phase


@pytest.mark.volume
def test_memory_is_that_of_the_answer_and_one_block() -> None:
    columns = extremes(200_000, 1)
    tracemalloc.start()
    found = solve(columns, precipices=())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    answer = sum(column.nbytes for column in found.values())
    filled = 2 * len(FIELDS) * 8 * 200_000  # what was not measured, filled in
    assert peak < answer + filled + 30 * 2**20


def test_what_is_not_reached_says_so() -> None:
    """At pH 6.8 and little calcium no phosphate up to 50 mmol/L makes an amorphous phosphate."""
    found = rowwise(solve(one(ca=0.3, ph=6.8)))
    assert np.isnan(found["p_at_si0_acp"])
    assert found["status"] == SOLVED
    assert [REACH[int(found[f"reach_{name}"])] for name in ("dcpd", "acp")] == ["reached", "not_reached"]


@pytest.mark.volume
def test_no_less_phosphate_saturates_where_the_most_does_not() -> None:
    """What is below saturation at the most phosphate is told as not reached: so no lower one may saturate it."""
    every, (least, most) = extremes(20_000, 6), constants.document()["fields"]["p"]["range"]
    all_of_them = solve(every)
    for phase in ("dcpd", "acp"):
        unreached = np.flatnonzero(all_of_them[f"reach_{phase}"] == REACH.index("not_reached"))[:500]
        assert unreached.size, phase
        sera = {name: column[unreached] for name, column in every.items()}
        for level in np.geomspace(least, most, 60):
            found = solve(sera | {"p": np.full(len(unreached), level)}, precipices=())
            index = found[f"si_{phase}"][found["status"] == SOLVED]
            assert index.size, (phase, level)
            assert index.max() < 0, (phase, level)


def without_aim(rows: Serum, target: Target | None = None, **more: float) -> tuple[object, np.ndarray, newton.Looked]:
    """The solver, but for rows that aim at a solid: these do not converge."""
    state, done, seen = solved(rows, target, **more)
    return state, done if target is None else done & np.isnan(target.fixed), seen


def test_a_precipice_that_was_not_solved_is_no_precipice_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows that are nowhere near one are told apart even then."""
    monkeypatch.setattr(blocks, "solved", without_aim)
    found, far = rowwise(solve(one())), rowwise(solve(one(ca=0.3, ph=6.8)))
    assert found["status"] == SOLVED
    assert found["si_dcpd"] == pytest.approx(-0.428317, abs=1e-6)
    assert np.isnan([found["p_at_si0_dcpd"], found["p_at_si0_acp"]]).all()
    assert [REACH[int(row["reach_acp"])] for row in (found, far)] == ["not_converged", "not_reached"]


def test_every_precipice_of_extreme_sera_is_found_or_not_there() -> None:
    found = solve(extremes(2_000, 5) | {"ca": np.where(np.arange(2_000) < 3, np.nan, extremes(2_000, 5)["ca"])})
    for phase in ("dcpd", "acp"):
        reach = [REACH[code] for code in found[f"reach_{phase}"].tolist()]
        assert (set(reach[:3]), set(reach[3:])) == ({"not_solved"}, {"reached", "not_reached"})
        assert np.array_equal(np.isnan(found[f"p_at_si0_{phase}"]), np.array([word != "reached" for word in reach]))


def test_a_measured_ionised_calcium_that_says_nothing_new_moves_no_precipice() -> None:
    """The total is held on the way there, as without it: more phosphate lowers the free calcium."""
    forth = solve(one())
    back = solve(one(ionised_ca=float(forth["ionised_ca"][0])))
    for phase in ("dcpd", "acp"):
        assert back[f"p_at_si0_{phase}"][0] == pytest.approx(forth[f"p_at_si0_{phase}"][0], rel=1e-8)
    everyone = inputs() | {"ionised_ca": solve(inputs())["ionised_ca"]}
    for phase in ("dcpd", "acp"):
        way, other = solve(inputs())[f"p_at_si0_{phase}"], solve(everyone)[f"p_at_si0_{phase}"]
        assert np.allclose(way, other, rtol=1e-8, atol=0, equal_nan=True)


def test_a_precipice_is_at_the_total_that_goes_with_a_measured_ionised_calcium() -> None:
    measured = rowwise(solve(one(ionised_ca=1.1)))
    plain = rowwise(solve(one(ca=measured["total_ca"])))
    assert measured["p_at_si0_dcpd"] == pytest.approx(plain["p_at_si0_dcpd"], rel=1e-8)


def test_a_saturated_row_holds_the_phosphate_that_is_told() -> None:
    rows = serum(one())
    target = Target.of([constants.phases()["dcpd"]], 1)
    _, done, seen = solved(rows, target)
    total = phosphate(seen.here, seen.at)
    assert done.all()
    assert total[0] == pytest.approx(seen.at.ligand[P][0] * seen.here.folded[P][0], rel=0.5)
    assert total[0] * rows.kg[0] * 1e3 == pytest.approx(3.0222828, abs=6e-8)
