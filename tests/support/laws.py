"""The laws of docs/world.md, judged from a run's tables: by a topology, sums and clocks of their own.

``check_laws`` raises AssertionError at the first that is broken. What the tables are to agree with from outside is the
case (network, units, options) and the profiles (demand and sun).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import Any

import networkx as nx

from relight.results.run.recorder import Recorder
from relight.scenarios.case import Case
from relight.scenarios.quanta import FLOW_KW
from relight.scenarios.schema.communication import DISPATCH_CENTRE, Communication, gateway, terminal
from relight.sim.series.profiles import Profiles

Row = dict[str, Any]
WATT = 1e-3
ROUNDING = 1e-9
ON_LINE = ("follow", "form")
GIVEN = ("voltage_low", "voltage_high", "overload")


def check_laws(case: Case, recorder: Recorder, profiles: Profiles) -> None:
    """All laws, of every step of a whole run."""
    tables = {name: _rows(recorder, name) for name in recorder.rows if "time_min" in recorder.columns(name)}
    steps = range(0, case.scenario.outage.duration_min, case.scenario.clock.sim_step_min)
    check_nothing_is_skipped(case, tables, steps)
    by_step = {name: _by_step(rows) for name, rows in tables.items()}
    watch = Watch(case, profiles)
    for step, time_min in enumerate(steps):
        watch.see(step, time_min, {name: at.get(time_min, []) for name, at in by_step.items()})
    if case.scenario.communication:
        check_messages(case, case.scenario.communication, tables["message"], steps)


def _rows(recorder: Recorder, name: str) -> list[Row]:
    columns = recorder.columns(name)
    return [dict(zip(columns, row, strict=True)) for row in recorder.rows[name]]


def _by_step(rows: list[Row]) -> dict[float, list[Row]]:
    found: dict[float, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["time_min"]].append(row)
    return found


def check_nothing_is_skipped(case: Case, tables: dict[str, list[Row]], steps: range) -> None:
    """5: every table has each of its rows once in every step, in order; times are those of steps."""
    view = case.view
    wanted = {
        "bus": view.buses, "branch": view.branches, "unit": view.units, "local_area": view.local_areas,
        "switch": [b.id for b in view.branches.values() if b.switchable],
    }  # fmt: skip
    for name, ids in wanted.items():
        assert [(row["time_min"], row[name]) for row in tables[name]] == [(t, i) for t in steps for i in ids], name
    if case.scenario.cold_load:
        told = [(row["time_min"], row["local_area"]) for row in tables["cold_load"]]
        assert sorted(told) == sorted((t, la) for t in steps for la in view.local_areas)
    for name in ("island", "events", "violations"):
        times = [row["time_min"] for row in tables[name]]
        assert times == sorted(times) and set(times) <= set(steps), name
    assert len({(row["time_min"], row["island"]) for row in tables["island"]}) == len(tables["island"])


class Watch:
    """Sees a run's steps one after the other, and remembers what the laws need to know of those before."""

    def __init__(self, case: Case, profiles: Profiles) -> None:
        self.case, self.view, self.profiles = case, case.view, profiles
        self.step_min = case.scenario.clock.sim_step_min
        self.faulted = {b.id for b in self.view.branches.values() if b.faulted}
        self.closed = {b.id: b.closed and not b.faulted for b in self.view.branches.values()}
        self.lit_since: dict[str, float] = {b: -math.inf for b in self.view.buses if b not in self.view.outage_area}
        self.lost = set(self.view.lost_areas)
        self.connected = {i.id for i in self.view.infeeds.values() if i.live}
        self.out: Counter[str] = Counter()
        self.customers: dict[str, dict[str, float]] = {}
        """LA → shares ordered on and on, and whether some are shed, in the step before"""
        self.units: dict[str, Row] = {}
        self.tripped_at: dict[str, float] = {}
        self.starting_since: dict[str, float] = {}
        self.ran: dict[str, list[tuple[float, float]]] = defaultdict(list)
        """NBSU → (start of a step, kW in it) since it came on line"""

    def see(self, step: int, time_min: float, rows: dict[str, list[Row]]) -> None:
        self.time_min, self.rows = time_min, rows
        self.events = [(row["kind"], row["element"]) for row in rows["events"]]
        self.violations = {(row["kind"], row["element"]) for row in rows["violations"]}
        assert all(row["step"] == step for row in rows["violations"])
        self.take_faults()
        self.check_switches()
        islands = self.check_islands()
        self.check_energy(islands)
        self.check_demand()
        self.check_verdicts()
        self.check_frequency(islands)
        lit = {row["bus"] for row in rows["bus"] if row["energised"]}
        for row in rows["unit"]:
            self.check_unit(row, lit)
            self.units[row["unit"]] = row
        self.lit_since = {bus: self.lit_since.get(bus, time_min) for bus in lit}
        self.lost |= {row["local_area"] for row in rows["local_area"] if not row["energised"]}

    # -- 1 and 2: topology --------------------------------------------------------------------------------------------

    def take_faults(self) -> None:
        for kind, element in self.events:
            if kind == "branch_faulted":
                self.faulted.add(element)
            elif kind == "branch_repaired":
                self.faulted.remove(element)
            elif kind == "infeed_connected":
                self.connected.add(element)
            elif kind == "infeed_disconnected":
                self.connected.remove(element)
        self.take_outages()

    def take_outages(self) -> None:
        """Units that are out of service: their own trip in an island is over at once, a surprise when they are back."""
        self.surprised: set[str] = set()
        for row in self.rows["events"]:
            if row["kind"] == "unit_tripped" and row["text"].startswith("was "):
                self.out[row["element"]] += 1
                self.surprised.add(row["element"])
            elif row["kind"] == "unit_back":
                assert self.out[row["element"]] > 0, f"{row['element']} is back without having been out"
                self.out[row["element"]] -= 1

    def check_switches(self) -> None:
        """A switch changes its state by an operation that is told, and only then."""
        operated = Counter(element for kind, element in self.events if kind == "switch_operated")
        by_protection = {
            name.strip()
            for row in self.rows["events"]
            if row["kind"] == "protection_trip" and "opened" in row["text"]
            for name in row["text"].split("opened ")[1].split(";")[0].split(",")
        }
        by_protection |= {element for kind, element in self.events if kind == "section_shed"}
        ordered_to = {row["element"]: row["value"] for row in self.rows["events"] if row["kind"] == "switch_operated"}
        closed_on_fault = {e for kind, e in self.violations if kind == "faulted_branch_closed"}
        branch = {row["branch"]: row["closed"] for row in self.rows["branch"]}
        for row in self.rows["switch"]:
            name, now = row["switch"], row["closed"]
            assert now == branch[name] and operated[name] <= 1
            assert row["operated"] == int(name in operated or name in by_protection)
            if name in closed_on_fault or name in by_protection:
                assert now == 0
            elif name in operated:
                assert now == ordered_to[name] != self.closed[name]
            else:
                assert now == self.closed[name]
            self.closed[name] = bool(now)
        assert {name: bool(now) for name, now in branch.items()} == self.closed

    def check_islands(self) -> list[set[str]]:
        """Topology from switch states says who is dark; one balance unit each, able to form voltage, or a row."""
        graph = nx.MultiGraph()
        graph.add_nodes_from(self.view.buses)
        graph.add_edges_from((b.from_bus, b.to_bus) for b in self.view.branches.values() if self.closed[b.id])
        bus = {row["bus"]: row for row in self.rows["bus"]}
        told = {row["island"]: row for row in self.rows["island"]}
        state = {row["unit"]: row["state"] for row in self.rows["unit"]}
        islands = [set(members) for members in nx.connected_components(graph)]
        names = set[str]()
        for members in islands:
            name = next(one for one in self.view.buses if one in members)
            names.add(name)
            forming = [u.id for u in self.view.units.values() if u.bus in members and state[u.id] == "form"]
            assert len(forming) <= 1
            for one in members:
                assert bus[one]["energised"] == len(forming), (self.time_min, one)
                for cell in ("vm_pu", "va_degree"):
                    assert (bus[one][cell] is not None and math.isfinite(bus[one][cell])) == bool(forming)
            self.check_supplied_or_told(members, bool(forming))
            if not forming:
                row = told.get(name)
                assert row is None or (row["converged"], row["balance_unit"]) == (0, "")
                continue
            assert forming[0] in {*self.view.ess, *self.view.nbsu, *self.connected}
            assert name in told, (self.time_min, name)
            row = told[name]
            assert (row["balance_unit"], row["converged"], row["buses"]) == (forming[0], 1, len(members))
            held = [b.id for b in self.view.branches.values() if self.closed[b.id] and b.from_bus in members]
            assert self.faulted.isdisjoint(held), (self.time_min, self.faulted & set(held))
            at = self.view.section_of_bus
            ends = [(at[self.view.branches[b].from_bus], at[self.view.branches[b].to_bus]) for b in held]
            loops = sum(one != other for one, other in ends) - len({at[bus] for bus in members}) + 1
            assert row["radial"] == int(loops == 0) == int(("not_radial", name) not in self.violations)
        assert told.keys() <= names
        for row in self.rows["branch"]:
            ends = self.view.branches[row["branch"]]
            live = bool(bus[ends.from_bus]["energised"]) and bool(row["closed"])
            assert row["energised"] == live
            assert live or not any(row[c] for c in ("p_from_kw", "q_from_kvar", "p_to_kw", "q_to_kvar", "loading_pct"))
        return islands

    def check_supplied_or_told(self, members: set[str], energised: bool) -> None:
        for row in self.rows["local_area"]:
            area = self.view.local_areas[row["local_area"]]
            if area.buses[0] in members:
                assert row["energised"] == int(energised)
                assert row["in_outage_area"] == int(area.id in self.lost or not energised)
                wanted = row["planned_kw"] if area.id in self.lost else row["demand_kw"]
                on = row.get("ordered_share", 1.0) > 0 and not row["shed"]
                unsupplied = wanted > 0 and not (energised and on)
                assert (("unsupplied_load", area.id) in self.violations) == unsupplied

    # -- 3: energy ----------------------------------------------------------------------------------------------------

    def check_energy(self, islands: list[set[str]]) -> None:
        """Generation + discharge + infeed = start-up + served + charge + losses, in every island, to 1 W and what the
        flows into its branches were rounded by."""
        told = {row["island"]: row for row in self.rows["island"]}
        kinds = ("generation_kw", "discharge_kw", "infeed_kw", "startup_kw", "charge_kw", "served_kw", "losses_kw")
        for members in islands:
            sums, ends = dict.fromkeys(kinds, 0.0), 0
            for row in self.rows["unit"]:
                if self.view.units[row["unit"]].bus in members:
                    sums[_account(row)] += abs(row["p_kw"]) if row["kind"] != "infeed" else row["p_kw"]
            for row in self.rows["local_area"]:
                if self.view.local_areas[row["local_area"]].buses[0] in members:
                    sums["served_kw"] += row["served_kw"]
            for row in self.rows["branch"]:
                if row["closed"] and self.view.branches[row["branch"]].from_bus in members:
                    sums["losses_kw"] += (row["p_from_kw"] or 0.0) + (row["p_to_kw"] or 0.0)
                    ends += 2
            given = sums["generation_kw"] + sums["discharge_kw"] + sums["infeed_kw"]
            taken = sums["startup_kw"] + sums["charge_kw"] + sums["served_kw"] + sums["losses_kw"]
            rounding = ends * 10**-FLOW_KW / 2
            assert abs(given - taken) <= WATT + rounding, (self.time_min, sums)
            row = told.get(next(one for one in self.view.buses if one in members), dict.fromkeys(kinds, 0.0))
            assert all(abs(row[kind] - sums[kind]) <= WATT + rounding for kind in kinds), (self.time_min, row, sums)
        assert all(abs(row["mismatch_kw"]) <= WATT for row in told.values())

    def check_demand(self) -> None:
        """Who is on and has supply is served all of the demand, the others nothing; demand is the base course and the
        excess."""
        base = self.profiles.demand(int(self.time_min))
        cold = {row["local_area"]: row for row in self.rows["cold_load"]}
        for row in self.rows["local_area"]:
            la, on = row["local_area"], self.share_on(row)
            supplied = bool(row["energised"]) and on > 0
            multiple = cold[la]["multiple"] if cold else 1.0
            assert multiple >= 1.0 and (supplied or multiple == 1.0)
            for part, course in zip(("kw", "kvar"), base[la], strict=True):
                assert math.isclose(row[f"demand_{part}"], course * multiple, abs_tol=1e-9)
                served = row[f"demand_{part}"] * on if supplied else 0.0
                assert math.isclose(row[f"served_{part}"], served, abs_tol=0.0 if on in (0.0, 1.0) else WATT)
            if cold:
                assert math.isclose(cold[la]["cold_load_kw"], base[la][0] * (multiple - 1.0), abs_tol=1e-9)
            self.check_switching_of_customers(row, on)

    def share_on(self, row: Row) -> float:
        """The share of a local area's customers who are on: all, where single areas have no switch, else what is on by
        order, less what was shed of it. NaN where that is a part which is served nothing."""
        control = self.case.scenario.local_areas.load_control
        assert ("ordered_share" in row) == (control != "section")
        ordered = row.get("ordered_share", 1.0)
        assert 0.0 <= ordered <= 1.0 and (ordered in (0.0, 1.0) or control == "part")
        if not row["shed"]:
            return ordered
        assert ordered > 0 and control != "section"
        if control == "area":
            return 0.0
        if not row["energised"]:
            return math.nan
        kept = row["served_kw"] / row["demand_kw"]
        assert 0.0 <= kept < ordered
        return kept

    def check_switching_of_customers(self, row: Row, on: float) -> None:
        """Customers go off and come back by what is told, and are off by order only where it says so."""
        la, before = row["local_area"], self.customers.get(row["local_area"], {"ordered": 1.0, "on": 1.0, "shed": 0})
        now = {"ordered": row.get("ordered_share", 1.0), "on": on, "shed": row["shed"]}
        assert (("la_switched_off", la) in self.events) == (now["ordered"] < before["ordered"])
        if row["shed"] and not before["shed"]:
            assert ("la_shed", la) in self.events
        if row["energised"] and on > before["on"] + ROUNDING:
            assert ("la_picked_up", la) in self.events or ("la_shed", la) in self.events
        self.customers[la] = now

    # -- 4: units -----------------------------------------------------------------------------------------------------

    def check_unit(self, row: Row, lit: set[str]) -> None:
        """Rating, energy, ramp, start-up and reconnect time, outage: by what happened."""
        unit, before = self.view.units[row["unit"]], self.units.get(row["unit"])
        assert row["p_kw"] ** 2 + row["q_kvar"] ** 2 <= unit.s_kva**2 * (1 + 1e-9) + 1e-9
        if row["state"] not in (*ON_LINE, "starting"):
            assert row["p_kw"] == row["q_kvar"] == 0.0
        if unit.bus not in lit:
            assert row["p_kw"] == row["q_kvar"] == 0.0 and row["state"] in ("off", "idle")
        if self.out[unit.id] or unit.id in self.surprised:
            assert row["state"] == "off", (self.time_min, unit.id)
        if ("nbsu_start_failed", unit.id) in self.events:
            assert row["state"] == "off"
        if before and row["kind"] in ("ess", "nbsu") and row["state"] in ON_LINE and before["state"] in ON_LINE:
            assert before["p_min_kw"] - 1e-6 <= row["p_kw"] <= before["p_max_kw"] + 1e-6
        if row["kind"] == "ess":
            self.check_ess(row, before)
        elif row["kind"] == "pv":
            self.check_pv(row)
        elif row["kind"] == "nbsu":
            self.check_nbsu(row, before, unit.bus in lit)
        if ("unit_tripped", unit.id) in self.events:
            self.tripped_at[unit.id] = self.time_min

    def check_ess(self, row: Row, before: Row | None) -> None:
        spec = self.view.ess[row["unit"]]
        p_kw, hours = row["p_kw"], self.step_min / 60
        kwh = max(p_kw, 0.0) * hours / spec.discharge_efficiency + min(p_kw, 0.0) * hours * spec.charge_efficiency
        had = before or {"discharge_kwh": spec.discharge_kwh, "charge_kwh": spec.charge_kwh}
        assert row["discharge_kwh"] >= 0 and row["charge_kwh"] >= 0
        assert math.isclose(had["discharge_kwh"] - kwh, row["discharge_kwh"], abs_tol=1e-6)
        assert math.isclose(had["charge_kwh"] + kwh, row["charge_kwh"], abs_tol=1e-6)
        if "storage_losses_kw" in row:
            assert row["storage_losses_kw"] >= 0
            assert math.isclose((p_kw + row["storage_losses_kw"]) * hours, kwh, abs_tol=1e-6)

    def check_pv(self, row: Row) -> None:
        spec, delay_min = self.view.pv[row["unit"]], self.case.scenario.pv.reconnect_delay_min
        sun = min(self.profiles.pv_pu(int(self.time_min))[spec.id], 1.0)
        assert math.isclose(row["p_available_kw"], sun * spec.s_kva, abs_tol=1e-9)
        assert 0 <= row["p_kw"] <= row["p_available_kw"] + 1e-9
        if row["state"] == "follow":
            since = max(self.lit_since.get(spec.bus, self.time_min), self.tripped_at.get(spec.id, -math.inf))
            assert self.time_min - since >= delay_min

    def check_nbsu(self, row: Row, before: Row | None, live: bool) -> None:
        spec, ran = self.view.nbsu[row["unit"]], self.ran[row["unit"]]
        was = before["state"] if before else "off"
        if row["state"] == "starting":
            assert live and row["p_kw"] == -spec.p_in_kw
            self.starting_since.setdefault(spec.id, self.time_min)
            return
        since = self.starting_since.pop(spec.id, None)
        if row["state"] == "off":
            ran.clear()
            return
        if was in ("off", "starting"):
            assert since is not None and self.time_min - since >= spec.start_min, (self.time_min, spec.id, was)
            ran.clear()
            if not self.case.scenario.dispatch_centre.first_online_step_free:
                ran.append((self.time_min - self.step_min, 0.0))
        if row["state"] == "idle" or not live:
            ran[:] = [(self.time_min, 0.0)]
            return
        window = self.case.scenario.world.nbsu_ramp_window_min or self.case.scenario.clock.plan_step_min
        for start, p_kw in ran:
            if start + self.step_min > self.time_min - window:
                assert -spec.ramp_down_kw_per_h * window / 60 - 1e-6 <= row["p_kw"] - p_kw
                assert row["p_kw"] - p_kw <= spec.ramp_up_kw_per_h * window / 60 + 1e-6
        ran.append((self.time_min, row["p_kw"]))

    # -- 5: verdicts --------------------------------------------------------------------------------------------------

    def check_verdicts(self) -> None:
        """What does not converge or collapses is an event, a row and a number; broken limits are violations."""
        told = {row["island"]: row for row in self.rows["island"]}
        per_island = Counter(row["island"] for row in self.rows["violations"])
        assert per_island == Counter({name: row["violations"] for name, row in told.items() if row["violations"]})
        failed = {element for kind, element in self.events if kind == "not_converged"}
        assert failed == {element for kind, element in self.violations if kind == "not_converged"}
        for kind, element in self.events:
            if kind in ("collapse", "not_converged"):
                assert told[element]["converged"] == 0 and told[element]["balance_unit"] == ""
        limits = self.case.scenario.limits
        broken = set[tuple[str, str]]()
        for row in self.rows["bus"]:
            if row["energised"] and row["vm_pu"] < limits.vm_min_pu - 1e-9:
                broken.add(("voltage_low", row["bus"]))
            if row["energised"] and row["vm_pu"] > limits.vm_max_pu + 1e-9:
                broken.add(("voltage_high", row["bus"]))
        for row in self.rows["branch"]:
            if row["loading_pct"] and row["loading_pct"] > limits.max_loading_pct + 1e-9:
                broken.add(("overload", row["branch"]))
        assert broken == {one for one in self.violations if one[0] in GIVEN}

    def check_frequency(self, islands: list[set[str]]) -> None:
        """Islands without an infeed tell their frequency; what relays shed is told area by area."""
        if not self.case.scenario.frequency:
            return
        shed_kw: Counter[str] = Counter()
        for row in self.rows["events"]:
            if row["kind"] == "ufls_stage":
                shed_kw[row["element"]] += row["value"]
        for row in self.rows["island"]:
            if row["converged"] and row["balance_unit"] not in self.view.infeeds:
                assert row["f_min_hz"] <= row["f_settled_hz"] <= row["f_max_hz"]
                assert math.isclose(row["ufls_kw"], shed_kw[row["island"]], abs_tol=1e-6)
            elif row["converged"]:
                assert row["f_min_hz"] is None and not shed_kw[row["island"]]
        for kind, element in self.events:
            if kind in ("frequency_step", "ufls_stage"):
                assert element in {row["island"] for row in self.rows["island"]}


def _account(row: Row) -> str:
    """Where a unit's power is booked in its island's balance."""
    if row["kind"] == "infeed":
        return "infeed_kw"
    if row["kind"] == "ess":
        return "discharge_kw" if row["p_kw"] >= 0 else "charge_kw"
    return "generation_kw" if row["p_kw"] >= 0 else "startup_kw"


def check_messages(case: Case, options: Communication, messages: list[Row], steps: range) -> None:
    """Who works sends in every step, and every message sent has exactly one fate, told in one row."""
    areas = list(case.view.local_areas)
    told_of = (b for b in case.view.branches.values() if case.scenario.surprises or not b.faulted)
    switches = [b.id for b in told_of if b.switchable]
    sent = Counter((row["time_min"], row["sender"], row["receiver"], row["kind"]) for row in messages)
    assert set(sent.values()) <= {1}
    expected = set[tuple[float, str, str]]()
    for t in steps:
        expected |= {(t, terminal(switch), "switch_state") for switch in switches}
        expected |= {(t, gateway(la), "psc") for la in areas if not options.gateway_down(la, t)}
    assert {(t, sender, kind) for t, sender, _, kind in sent if sender != DISPATCH_CENTRE} == expected
    told = Counter((t, receiver) for t, sender, receiver, kind in sent if kind in ("net_power_plan", "heartbeat"))
    assert told == Counter((t, gateway(la)) for t in steps if not options.centre_is_down(t) for la in areas)
    for row in messages:
        far_end = row["receiver"] if row["sender"] == DISPATCH_CENTRE else row["sender"]
        assert (row["status"] == "link_down") == options.link_is_down(far_end, row["time_min"])
        assert (row["delivered_min"] is not None) == (row["status"] == "delivered")
        if row["status"] == "delivered":
            assert row["delivered_min"] in steps and row["delivered_min"] >= row["time_min"]
            assert not options.is_down(row["receiver"], row["delivered_min"])
        assert row["status"] in ("delivered", "link_down", "lost", "receiver_down", "outdated", "under_way")
