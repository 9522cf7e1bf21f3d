"""Ω^DC ⊆ Ω^LA: whatever net power satisfies (13) can be scheduled by the gateway, and where that claim ends.

``Region`` writes (13) down a second time, for a given start-up, as a linear programme of its own; its vertices and
their mixtures are the trajectories that the model of (46) has to follow.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from relight.controllers.exchange import psc
from relight.controllers.gateways.local_area_model import solve_local_area
from relight.controllers.gateways.local_area_problem import LocalAreaProblem
from relight.scenarios.schema.dispatch_options import DispatchCentreOptions
from relight.scenarios.view import EssUnit, NbsuUnit, PvUnit
from support.small_cases import seeds

SIN, COS = math.sin(math.acos(0.95)), 0.95
CHORD = (1 - COS) / SIN
PRINTED = DispatchCentreOptions(apparent_power="printed", nbsu_reactive="printed")
CIRCLE = DispatchCentreOptions(apparent_power="circle", nbsu_reactive="online")
EXAMPLES = settings(max_examples=60, deadline=None, derandomize=True)
TOLERANCE_KW = 1e-4
SEEDS = st.integers(0, 2**32 - 1)


@dataclass
class Region:
    """(13) over p^PV, p^ESS, p^NBSU and q^PV, q^ESS, q^NBSU per step, as rows of a linear programme."""

    area: LocalAreaProblem
    p_in: float

    def __post_init__(self):
        self.steps = len(self.area.step_start_min)
        self.rows, self.limits = [], []
        self._state_constraints()

    def at(self, kind, t):
        row = np.zeros(6 * self.steps)
        row[6 * t + ("p_pv", "p_ess", "p_nbsu", "q_pv", "q_ess", "q_nbsu").index(kind)] = 1.0
        return row

    def between(self, low, row, high):
        self.rows += [row, -row]
        self.limits += [high, -low]

    def _state_constraints(self):
        a, circle = self.area, self.area.options.apparent_power == "circle"
        s = {"pv": psc.pv_rating(a.pv), "ess": psc.ess_rating(a.ess), "nbsu": psc.nbsu_rating(a.nbsu)}
        by_rating = a.options.ess_aggregation == "proportional"
        s_min, taken = s["ess"] if by_rating else psc.ess_smallest_rating(a.ess), np.zeros(6 * self.steps)
        charge, discharge = (
            psc.proportional_energy(a.ess, kwh) if by_rating else sum(kwh.values())
            for kwh in (a.charge_kwh, a.discharge_kwh)
        )
        for t, dt in enumerate(a.dt_h):
            online, starting = a.nbsu_state[t] == "online", a.nbsu_state[t] == "starting"
            zeta = psc.pv_factor(a.pv, a.pv_pu, t) * a.pv_connected[t]
            self.between(0, self.at("p_pv", t), zeta * s["pv"])  # (13c)
            self.between(-s_min, self.at("p_ess", t), s_min)  # (13d)
            taken = taken + dt * self.at("p_ess", t)
            self.between(-charge, taken, discharge)  # (13e)
            draw = starting * self.p_in
            self.between(-draw, self.at("p_nbsu", t), online * s["nbsu"] - draw)  # (13i)
            if t and a.nbsu_state[t - 1] == "online":  # (13j)
                rise = self.at("p_nbsu", t) - self.at("p_nbsu", t - 1)
                self.between(-psc.ramp_down(a.nbsu) * a.dt_h[t - 1], rise, psc.ramp_up(a.nbsu) * a.dt_h[t - 1])
            if not t and a.nbsu_first_kw:
                low, high = (sum(ends) for ends in zip(*a.nbsu_first_kw.values(), strict=True))
                self.between(low, self.at("p_nbsu", t), high)
            connected = {"pv": a.pv_connected[t], "ess": True, "nbsu": online}
            for kind in s:  # (13a), by kind of unit
                limit = SIN * s[kind] * (connected[kind] if circle else 1)
                self.between(-limit, self.at(f"q_{kind}", t), limit)
            if circle:
                self._chords(t, s, s_min)

    def _chords(self, t, s, s_min):
        """Sufficient for chords per unit if each takes reactive power in proportion to its rating."""
        share = s_min / s["ess"] if s["ess"] else 0.0
        for sign_q in (1, -1):
            for sign_p in (1, -1):
                self.rows.append(sign_p * self.at("p_ess", t) + sign_q * CHORD * share * self.at("q_ess", t))
                self.limits.append(s_min)
            self.rows.append(self.at("p_nbsu", t) + sign_q * CHORD * self.at("q_nbsu", t))
            self.limits.append(s["nbsu"])

    def sample(self, rng) -> LocalAreaProblem:
        """The area asked for a random trajectory in the region: a vertex, or a mixture of two."""
        vertices = []
        for _ in range(2):
            weight = rng.standard_normal(6 * self.steps) * rng.choice([0.1, 1.0, 10.0], 6 * self.steps)
            found = linprog(weight, A_ub=np.array(self.rows), b_ub=np.array(self.limits), bounds=(None, None))
            assert found.status == 0, found.message
            vertices.append(found.x)
        mix = rng.choice([0.0, rng.random()])
        x = (mix * vertices[0] + (1 - mix) * vertices[1]).reshape(self.steps, 6)
        p, q = x[:, :3].sum(axis=1), x[:, 3:].sum(axis=1)
        return replace(
            self.area,
            p_kw=tuple(p - np.array(self.area.demand_p_kw)),
            q_kvar=tuple(q - np.array(self.area.demand_q_kvar)),
        )


def random_area(rng, options, zeta_max=1.0, steps=6) -> LocalAreaProblem:
    """2–4 PVs with different ζ, 2–3 ESSs of unlike size and charge, 2–3 NBSUs of unlike ramps and start-up times."""
    pv = tuple(PvUnit(f"pv{k}", "1", rng.uniform(5, 300)) for k in range(rng.integers(2, 5)))
    ess = tuple(
        EssUnit(f"ess{k}", "1", rng.uniform(20, 200), rng.choice([0.0, rng.uniform(0, 150)]), rng.uniform(0, 150))
        for k in range(rng.integers(2, 4))
    )
    nbsu = tuple(
        NbsuUnit(f"n{k}", "1", rng.uniform(20, 200), rng.uniform(0, 10), rng.uniform(10, 400), rng.uniform(10, 400),
                 float(rng.choice([30, 60])))
        for k in range(rng.integers(2, 4))
    )  # fmt: skip
    dt = (float(rng.choice([1 / 6, 0.5])), *[0.5] * (steps - 1))
    launch = int(rng.integers(-3, steps))
    online = max(launch + 2, 0)
    states = tuple("online" if t >= online else "starting" if t >= launch else "off" for t in range(steps))
    first = {}
    if states[0] == "online" and rng.random() < 0.7:
        for e in nbsu:
            p = rng.uniform(0, e.s_kva)
            down, up = (ramp * 0.5 for ramp in (e.ramp_down_kw_per_h, e.ramp_up_kw_per_h))
            first[e.id] = (max(0.0, p - down), min(e.s_kva, p + up))
    return LocalAreaProblem(
        pv=pv, ess=ess, nbsu=nbsu,
        step_start_min=tuple(60 * sum(dt[:t]) for t in range(steps)), dt_h=dt,
        energised=(True,) * steps, served=(1.0,) * steps,
        pv_connected=(bool(rng.random() < 0.5), *[True] * (steps - 1)),
        nbsu_state=states, p_kw=(0.0,) * steps, q_kvar=(0.0,) * steps,
        demand_p_kw=tuple(rng.uniform(0, 300, steps)), demand_q_kvar=tuple(rng.uniform(0, 100, steps)),
        pv_pu={b.id: tuple(rng.uniform(0, zeta_max, steps)) for b in pv},
        discharge_kwh={c.id: c.discharge_kwh for c in ess}, charge_kwh={c.id: c.charge_kwh for c in ess},
        nbsu_first_kw=first, options=options,
    )  # fmt: skip


def follow_error(area: LocalAreaProblem) -> float:
    schedule = solve_local_area(area, cost_form="epigraph")
    return max(abs(e) for e in (*schedule.follow_error_kw, *schedule.follow_error_kvar))


@pytest.mark.parametrize("seed", seeds(5, 60))
def test_printed_region_is_followed_exactly(seed):
    rng = np.random.default_rng(seed)
    area = random_area(rng, PRINTED)
    asked = Region(area, psc.startup_power_sum(area.nbsu)).sample(rng)
    assert follow_error(asked) < TOLERANCE_KW


@pytest.mark.parametrize("seed", seeds(5, 60))
def test_true_circle_is_followed_exactly(seed):
    rng = np.random.default_rng(seed)
    area = replace(random_area(rng, CIRCLE, zeta_max=COS), nbsu_first_kw={})
    asked = Region(area, psc.startup_power_sum(area.nbsu)).sample(rng)
    assert follow_error(asked) < TOLERANCE_KW


BY_RATING = {"ess_aggregation": "proportional"}


@pytest.mark.parametrize("seed", seeds(5, 60))
def test_sharing_by_rating_is_followed_exactly(seed):
    """ESSs of unlike size and charge as one of Σ S and Σ S · min E/S, as printed and inside the circle."""
    rng = np.random.default_rng(seed)
    options = PRINTED if rng.random() < 0.5 else CIRCLE
    area = random_area(rng, options.model_copy(update=BY_RATING), zeta_max=COS)
    if options is CIRCLE:
        area = replace(area, nbsu_first_kw={})
    asked = Region(area, psc.startup_power_sum(area.nbsu)).sample(rng)
    assert follow_error(asked) < TOLERANCE_KW


@pytest.mark.parametrize("seed", seeds(5, 60))
def test_sharing_by_rating_is_exact_for_equal_states_and_keeps_them_equal(seed):
    """Whatever ESSs of equal E/S can do together satisfies the region; carried out by rating, E/S stays equal."""
    rng = np.random.default_rng(seed)
    count, dt = int(rng.integers(2, 6)), 0.5
    give_h, take_h = rng.uniform(0, 3, 2)
    sizes = rng.uniform(1, 100, count)
    ess = tuple(EssUnit(f"ess{k}", "1", s, give_h * s, take_h * s) for k, s in enumerate(sizes))
    energies = [{c.id: getattr(c, f"{way}_kwh") for c in ess} for way in ("discharge", "charge")]
    discharge, charge = (psc.proportional_energy(ess, kwh) for kwh in energies)
    assert (discharge, charge) == pytest.approx(tuple(sum(kwh.values()) for kwh in energies))
    p, taken = [], np.zeros(count)
    for _ in range(6):
        low = np.maximum(-sizes, (-take_h * sizes - taken) / dt)
        high = np.minimum(sizes, (give_h * sizes - taken) / dt)
        own = np.where(rng.random(count) < 0.3, rng.choice([low, high]), rng.uniform(low, high))
        taken += dt * own
        p.append(float(own.sum()))
        assert abs(p[-1]) <= psc.ess_rating(ess) + 1e-9
        assert -charge - 1e-6 <= taken.sum() <= discharge + 1e-6
    schedule = solve_local_area(bare_area(ess=ess, p_kw=p, options=PRINTED.model_copy(update=BY_RATING)), "epigraph")
    assert max(map(abs, schedule.follow_error_kw)) < TOLERANCE_KW
    for t in range(len(p)):
        shares = [schedule.p_kw[c.id][t] / c.s_kva for c in ess]
        assert shares == pytest.approx([shares[0]] * count, abs=1e-5)


def test_neither_aggregation_contains_the_other():
    """ESSs of 100 kW. One full, one empty: 100 kW as printed, by rating nothing. Both half full: 100 kW, or 200 kW."""
    unlike = (EssUnit("full", "1", 100.0, 100.0, 0.0), EssUnit("empty", "1", 100.0, 0.0, 0.0))
    assert psc.ess_smallest_rating(unlike) == 100.0
    assert psc.proportional_energy(unlike, {"full": 100.0, "empty": 0.0}) == 0.0
    asked = bare_area(ess=unlike, p_kw=(100.0, 100.0), options=CIRCLE)
    assert follow_error(asked) < TOLERANCE_KW
    alike = tuple(EssUnit(name, "1", 100.0, 50.0, 0.0) for name in ("one", "other"))
    assert follow_error(bare_area(ess=alike, p_kw=(200.0,), options=CIRCLE)) < TOLERANCE_KW


def bare_area(pv=(), ess=(), nbsu=(), **data) -> LocalAreaProblem:
    """An LA without demand; steps of half an hour, as many as ``p_kw`` has."""
    steps = len(data["p_kw"])
    defaults = {
        "step_start_min": tuple(30.0 * t for t in range(steps)), "dt_h": (0.5,) * steps, "energised": (True,) * steps,
        "served": (1.0,) * steps, "pv_connected": (True,) * steps, "nbsu_state": ("off",) * steps,
        "q_kvar": (0.0,) * steps,
        "demand_p_kw": (0.0,) * steps, "demand_q_kvar": (0.0,) * steps, "pv_pu": {b.id: (1.0,) * steps for b in pv},
        "discharge_kwh": {c.id: c.discharge_kwh for c in ess}, "charge_kwh": {c.id: c.charge_kwh for c in ess},
    }  # fmt: skip
    return LocalAreaProblem(pv=pv, ess=ess, nbsu=nbsu, **(defaults | data))


STARTING = (
    NbsuUnit("fast", "1", 100.0, 10.0, 200.0, 200.0, 30.0),
    NbsuUnit("slow", "1", 100.0, 10.0, 200.0, 200.0, 60.0),
)


@pytest.mark.parametrize(("startup_power", "p_in", "error"), [("printed", 15.0, -5.0), ("sum", 20.0, 0.0)])
def test_printed_startup_power_cannot_be_followed(startup_power, p_in, error):
    """Counter-example D9: T = (0.5 h, 1 h), p_in = (10, 10) kW. (12) says 15 kW, the units draw 20 kW."""
    rule = {"printed": psc.startup_power_printed, "sum": psc.startup_power_sum}[startup_power]
    assert rule(STARTING) == p_in
    asked = bare_area(
        nbsu=STARTING, p_kw=(-p_in, -p_in, 50.0), nbsu_state=("starting", "starting", "online"), options=PRINTED
    )
    schedule = solve_local_area(asked)
    assert schedule.follow_error_kw == pytest.approx((error, error, 0.0), abs=TOLERANCE_KW)


def test_chord_of_the_sum_of_ess_is_not_enough():
    """p^ESS + chord·q^ESS ≤ Σ S_c lets one ESS, the other being empty, be asked for its rating and 0.31 S beside it."""
    ess = (EssUnit("full", "1", 100.0, 500.0, 0.0), EssUnit("empty", "1", 100.0, 0.0, 500.0))
    p, q = 100.0, SIN * 200.0
    assert p + CHORD * q < 200.0
    assert follow_error(bare_area(ess=ess, p_kw=(p,), q_kvar=(q,), options=CIRCLE)) > 4.0
    p -= CHORD * q * 100.0 / 200.0
    assert follow_error(bare_area(ess=ess, p_kw=(p,), q_kvar=(q,), options=CIRCLE)) < TOLERANCE_KW


@pytest.mark.parametrize(("zeta", "follows"), [((1.0, 0.5), False), ((COS, 0.5), True)])
def test_chord_of_the_sum_of_pv_needs_factors_up_to_the_power_factor(zeta, follows):
    """A PV above cos φ of its rating has less than 0.31 S to spare, which the others' room hides from the sum."""
    pv = (PvUnit("sunny", "1", 100.0), PvUnit("shaded", "1", 100.0))
    p, q = 100.0 * sum(zeta), SIN * 200.0
    assert p + CHORD * q < 200.0
    pv_pu = {"sunny": (zeta[0],), "shaded": (zeta[1],)}
    error = follow_error(bare_area(pv=pv, p_kw=(p,), q_kvar=(q,), pv_pu=pv_pu, options=CIRCLE))
    assert (error < TOLERANCE_KW) is follows


def test_chord_of_the_sum_of_nbsus_is_not_enough_once_they_run_unlike():
    """Two NBSUs on line, one held at its rating by its ramp: active power is followed, reactive power is not."""
    nbsu = (NbsuUnit("full", "1", 100.0, 0.0, 10.0, 10.0, 30.0), NbsuUnit("idle", "1", 100.0, 0.0, 10.0, 10.0, 30.0))
    first = {"full": (100.0, 100.0), "idle": (0.0, 0.0)}
    p, q = 100.0, SIN * 200.0
    assert p + CHORD * q < 200.0
    asked = bare_area(nbsu=nbsu, p_kw=(p,), q_kvar=(q,), nbsu_state=("online",), nbsu_first_kw=first, options=CIRCLE)
    schedule = solve_local_area(asked)
    assert schedule.follow_error_kw == (0.0,)
    assert schedule.follow_error_kvar == pytest.approx((-SIN * 100.0,), abs=TOLERANCE_KW)


@EXAMPLES
@given(SEEDS)
def test_power_of_the_smallest_and_energy_of_all_suffice_for_ess(seed):
    """(13d) with (13e) ⇒ (16c), (16d): take all from a unit that has enough; if none has, all give what they have."""
    rng = np.random.default_rng(seed)
    count, dt = rng.integers(1, 6), 0.5
    rating = rng.uniform(1, 100, count)
    give, take = rng.uniform(0, 60, count), rng.uniform(0, 60, count)
    for _ in range(20):
        low = max(-rating.min(), -take.sum() / dt)
        high = min(rating.min(), give.sum() / dt)
        p = rng.choice([low, high, rng.uniform(low, high)])
        store = give if p > 0 else take
        able = np.flatnonzero(store >= abs(p) * dt)
        own = np.zeros(count)
        if able.size:
            own[able[0]] = p
        else:
            before = np.concatenate(([0.0], np.cumsum(store)[:-1]))
            own = np.sign(p) * np.clip(abs(p) * dt - before, 0, store) / dt
        give, take = give - own * dt, take + own * dt
        assert own.sum() == pytest.approx(p)
        assert (abs(own) <= rating + 1e-9).all() and (give >= -1e-9).all() and (take >= -1e-9).all()


def test_octagon_lets_a_corner_reach_beyond_the_rating():
    ess = (EssUnit("ess", "1", 100.0, 500.0, 0.0),)
    asked = bare_area(ess=ess, p_kw=(100.0,), q_kvar=(31.0,), options=PRINTED)
    schedule = solve_local_area(asked)
    assert follow_error(asked) == 0.0
    assert math.hypot(schedule.p_kw["ess"][0], schedule.q_kvar["ess"][0]) == pytest.approx(104.7, abs=0.01)
    inside = solve_local_area(replace(asked, options=CIRCLE))
    assert math.hypot(inside.p_kw["ess"][0], inside.q_kvar["ess"][0]) <= 100.0


def test_octagon_never_binds_beside_the_reactive_limit():
    """|p| ± |q| ≤ S (1 + 0.3122) < √2 S; the proof needs sin φ < √2 − 1."""
    reach = 1 + SIN
    assert reach < math.sqrt(2)


@given(st.floats(0.5, 0.999), st.floats(-1, 1), st.floats(0, 1))
def test_chord_lies_inside_the_circle(power_factor, q_part, p_part):
    sin_phi = math.sin(math.acos(power_factor))
    q = q_part * sin_phi
    p = p_part * (1 - (1 - power_factor) / sin_phi * abs(q))
    assert math.hypot(p, q) <= 1 + 1e-12
