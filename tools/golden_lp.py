"""A golden LP file per constraint of each model: python tools/golden_lp.py rewrites them all.

``golden/<model>/<constraint>.lp`` is what the solver is given of one constraint, for a fixed small case in which every
constraint occurs; there is one of the objective too. A change of one of these files is a change of the model: look at
the difference before you commit it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pyomo.environ as pyo
from pyomo.repn.plugins.lp_writer import LPWriter

from relight.controllers.exchange.messages import PscMessage
from relight.controllers.gateways import local_area_constraints
from relight.controllers.gateways.local_area_constraints import CostForm
from relight.controllers.gateways.local_area_model import build_local_area
from relight.controllers.gateways.local_area_problem import LocalAreaProblem
from relight.controllers.milp.literal import model as literal
from relight.controllers.milp.model import Contents, Model, build_model, contents, set_horizon
from relight.controllers.milp.problem import AreaGraph, Horizon
from relight.controllers.milp.second_stage import build_dispatch, dispatch_contents
from relight.controllers.milp.stricter_limits import Cut, Tightened
from relight.scenarios.schema.cold_load import AreaColdLoad, ColdLoadClass
from relight.scenarios.schema.dispatch_options import DispatchCentreOptions, Objective
from relight.scenarios.schema.network_kinds import TablesNetwork
from relight.scenarios.schema.scenario import Gateway as GatewayCosts
from relight.scenarios.schema.scenario import Load, LoadControl, Outage, Scenario, Site, World
from relight.scenarios.view import Branch, Bus, EssUnit, GridView, Infeed, LocalArea, NbsuUnit, PvUnit, find_sections

TESTS = Path(__file__).resolve().parents[1] / "tests" / "controllers"


class Written(NamedTuple):
    """The model of a small case in which every family of its ``contents`` occurs, and the name of its objective.

    ``taken_over``: constraints before those of ``contents``, which another model's files show. ``room``: whose it is.
    """

    model: Model
    contents: Contents
    objective: str = "restored_energy"
    taken_over: tuple[str, ...] = ()
    room: str = "milp"


ESS = EssUnit("ess.a", "a", 32.0, 40.0, 20.0)
LOSSY = {"charge_efficiency": 0.9375, "discharge_efficiency": 0.8}


def small_horizon(ess: EssUnit = ESS) -> Horizon:
    """Three LAs, two of them one section, and two parallel switches to the third; the first step is a short one.

    LA a: live infeed, ESS; LA b: PV, an NBSU that is starting; LA c: an NBSU on line, and a fault that holds it dark.
    """
    branches = (
        Branch("ab", "a", "b", 0.25, 0.125, 400.0, charging_kvar=4.0),
        Branch("bc", "b", "c", 0.5, 0.25, 200.0, switchable=True, charging_kvar=2.0),
        Branch("tie", "b", "c", 0.5, 0.25, 100.0, switchable=True, closed=False),
    )
    buses = {name: Bus(name, 10.0) for name in "abc"}
    sections = find_sections(buses, branches)
    section_of = {bus: s.id for s in sections.values() for bus in s.buses}
    view = GridView(
        buses,
        {b.id: b for b in branches},
        sections,
        {
            name: LocalArea(name, (name,), section_of[name], priority, customers=8.0)
            for name, priority in zip("abc", (1, 2, 1), strict=True)
        },
        pv={"pv.b": PvUnit("pv.b", "b", 64.0)},
        ess=dict.fromkeys(("ess.a",), ess),
        nbsu={
            "nbsu.b": NbsuUnit("nbsu.b", "b", 48.0, 2.0, 96.0, 64.0, 30.0),
            "nbsu.c": NbsuUnit("nbsu.c", "c", 80.0, 4.0, 80.0, 40.0, 60.0),
        },
        infeeds={"infeed.a": Infeed("infeed.a", "a", 128.0, live=True)},
        held={"c": ("bus c",)},
    )
    scenario = Scenario(
        name="golden",
        network=TablesNetwork(folder="none"),
        outage=Outage(start=datetime(2025, 6, 21, 4), duration_min=60),
        site=Site(latitude_deg=32, longitude_deg=120, timezone="UTC"),
        load=Load(peak_kw=1),
        dispatch_centre=DispatchCentreOptions(loss_allowance_pct=0.0),
        objective=Objective(interruption_kwh=0, earlier_kwh=0),
        world=World(pick_up_limit_pct=None),
    )
    starts = (15.0, 30.0)
    states = {"a": ("off", 0.0), "b": ("starting", 15.0), "c": ("online", 0.0)}
    psc = {
        la: PscMessage(
            local_area=la,
            issued_at_min=15.0,
            step_start_min=list(starts),
            demand_p_kw=[10.0, 20.0],
            demand_q_kvar=[3.0, 6.0],
            pv_pu=[0.5, 0.75],
            charge_kwh=20.0,
            discharge_kwh=40.0,
            energised_min=0.0 if la == "c" else 100.0,
            shed=False,
            nbsu_state=state,  # pyright: ignore[reportArgumentType]
            nbsu_remaining_min=remaining,
            nbsu_p_min_kw=20.0 * (state == "online"),
            nbsu_p_max_kw=40.0 * (state == "online"),
        )
        for la, (state, remaining) in states.items()
    }
    return Horizon(AreaGraph.of(view, scenario), starts, 60.0, psc, {"bc": True, "tie": False})


def compact_form(load_control: LoadControl = "section", ess: EssUnit = ESS) -> Written:
    """The compact model of the small case, with every family of constraints."""
    whole = small_horizon(ess)
    cold = AreaColdLoad(((1.0, ColdLoadClass(peak=3.0, rise_min=60.0, hold_min=15.0, decay_min=30.0)),))
    graph = replace(
        whole.graph,
        load_control=load_control,
        options=whole.graph.options.model_copy(update={"pick_up_limit_pct": 50.0}),
        objective=Objective(interruption_kwh=2.0, earlier_kwh=0.5, keep_served=True, min_on_min=20, min_off_min=20),
        cold_load_estimate=dict.fromkeys(whole.graph.view.local_areas, cold),
    )
    psc = dict(whole.psc)
    psc["a"] = psc["a"] | {"shed": True, "supply_changes_min": [5.0]}
    whole = replace(whole, graph=graph, psc=psc)
    sections = frozenset(whole.graph.view.sections)
    known = Tightened(cuts=(Cut(0, sections, frozenset({"bc"})),), inside_circle=True, link_share={("bc", 1): 0.5})
    horizon = replace(whole, tightened=known)
    m = build_model(
        horizon.graph, horizon.steps, static=True, form=known.form, constant_power=True, growing=True, closing=True
    )
    set_horizon(m, horizon)
    return Written(m, contents(m, static=True))


def literal_form(load_control: LoadControl = "section", ess: EssUnit = ESS) -> Written:
    """The literal model of the small case, with every family of constraints."""
    horizon = small_horizon(ess)
    graph = replace(horizon.graph, load_control=load_control)
    m = literal.build_literal(replace(horizon, graph=graph), static=True, growing=True, closing=True)
    return Written(m, literal.contents(m, static=True))


def by_area(form: Callable[[LoadControl], Written]) -> Written:
    """The constraints that load control by area adds to a model, or alters."""
    return beyond(form("section"), form("area"))


def beyond(plain: Written, written: Written) -> Written:
    """The constraints that a model has beyond another, or states otherwise."""
    texts = dict(lp_texts(plain))
    other = {name for name, text in lp_texts(written) if texts.get(name) != text}
    table = {
        family: entries
        for family, rules in written.contents.items()
        if (entries := tuple(rule for rule in rules if rule[0].__name__ in other))
    }
    alike = tuple(name for name in names_of(written.contents) if name not in other)
    return written._replace(contents=table, taken_over=alike)


def dispatch_stage() -> Written:
    """The dispatch problem of the small case."""
    horizon = small_horizon()
    m = build_dispatch(horizon.graph, horizon.steps, detailed=True)
    set_horizon(m, horizon)
    return Written(m, dispatch_contents(m), "dispatch_cost", tuple(names_of(contents(m, static=False))))


def local_area(cost_form: CostForm = "printed", *, lossy: bool = False) -> Written:
    """The problem of an LA with a PV, two ESSs and an NBSU on line; the first step is a short one."""
    second = EssUnit("ess.b", "a", 16.0, 20.0, 10.0)
    units = [ESS, replace(second, **LOSSY) if lossy else second]
    problem = LocalAreaProblem(
        pv=(PvUnit("pv.a", "a", 64.0),),
        ess=tuple(units),
        nbsu=(NbsuUnit("nbsu.a", "a", 48.0, 2.0, 96.0, 64.0, 30.0),),
        step_start_min=(15.0, 30.0),
        dt_h=(0.25, 0.5),
        energised=(True, True),
        served=(1.0, 1.0),
        pv_connected=(False, True),
        nbsu_state=("online", "online"),
        p_kw=(8.0, 16.0),
        q_kvar=(2.0, 4.0),
        demand_p_kw=(10.0, 20.0),
        demand_q_kvar=(3.0, 6.0),
        pv_pu={"pv.a": (0.5, 0.75)},
        discharge_kwh={u.id: u.discharge_kwh for u in units},
        charge_kwh={u.id: u.charge_kwh for u in units},
        nbsu_first_kw={"nbsu.a": (20.0, 40.0)},
        costs=GatewayCosts(pv_cost=0.125, nbsu_cost=2.0, ess_discharge_cost=0.5, ess_charge_cost=0.25),
        options=DispatchCentreOptions(ess_aggregation="proportional", apparent_power="circle"),
    )
    m = build_local_area(problem, cost_form)
    return Written(m, local_area_constraints.contents(m), "operating_cost", room="gateways")


def local_area_epigraph() -> Written:
    """The same with (43)–(45) as a linear problem."""
    whole = local_area("epigraph")
    cost = {"storage_cost": whole.contents["storage_cost"]}
    others = {family: rules for family, rules in whole.contents.items() if family not in cost}
    return whole._replace(contents=cost, taken_over=tuple(names_of(others)))


FORMS: dict[str, Callable[[], Written]] = {
    name: cache(form)
    for name, form in {
        "compact": compact_form,
        "compact_by_area": lambda: by_area(compact_form),
        "compact_lossy": lambda: beyond(compact_form(), compact_form(ess=replace(ESS, **LOSSY))),
        "literal": literal_form,
        "literal_by_area": lambda: by_area(literal_form),
        "literal_lossy": lambda: beyond(literal_form(), literal_form(ess=replace(ESS, **LOSSY))),
        "dispatch": dispatch_stage,
        "local_area": local_area,
        "local_area_epigraph": local_area_epigraph,
        "local_area_lossy": lambda: beyond(local_area(), local_area(lossy=True)),
    }.items()
}
"""Each is built once, for who reads a model leaves it as it was."""


def names_of(table: Contents) -> list[str]:
    """Constraints in the order of their contents."""
    return [rule.__name__ for family in table.values() for rule, _ in family]


def folder_of(form: str, room: str) -> Path:
    return TESTS / room / "golden" / form


def golden_texts(form: str) -> Iterator[tuple[str, str]]:
    """Name and LP text of each constraint of a model, and of its objective."""
    return lp_texts(FORMS[form]())


def lp_texts(written: Written) -> Iterator[tuple[str, str]]:
    """The same of a model as it was written."""
    m, table, objective, *_ = written
    whole = list(m.component_objects((pyo.Constraint, pyo.Objective), active=True))
    for component in whole:
        component.deactivate()
    m.nothing = pyo.Objective(expr=0.0)
    for name in (*names_of(table), objective):
        component = getattr(m, name)
        component.activate()
        if name == objective:
            m.nothing.deactivate()
        yield name, lp_text(m)
        component.deactivate()
    m.del_component(m.nothing)
    for component in whole:
        component.activate()


def lp_text(m: Model) -> str:
    """The active part of a model in the LP format: no comments or empty lines, numbers to nine digits."""
    text = io.StringIO()
    LPWriter().write(m, text, symbolic_solver_labels=True)
    lines = re.sub(r"\\\*.*?\*\\", "", text.getvalue(), flags=re.DOTALL).splitlines()
    return "".join(" ".join(map(_rounded, line.split())) + "\n" for line in lines if line.strip())


def _rounded(word: str) -> str:
    """A number to nine digits, so that the last bits of a sine do not differ between machines; any other word as is."""
    if not re.fullmatch(r"[+-]?\d[\d.]*(e[+-]?\d+)?", word):
        return word
    return f"{float(word):+.9g}" if word[0] in "+-" else f"{float(word):.9g}"


def main() -> None:
    for form in FORMS:
        folder = folder_of(form, FORMS[form]().room)
        folder.mkdir(parents=True, exist_ok=True)
        for stale in folder.glob("*.lp"):
            stale.unlink()
        for name, text in golden_texts(form):
            (folder / f"{name}.lp").write_text(text, encoding="utf-8", newline="\n")
        print(f"{form}: {len(list(folder.glob('*.lp')))} files in {folder}")


if __name__ == "__main__":
    main()
