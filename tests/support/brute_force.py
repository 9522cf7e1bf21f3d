"""The dispatch centre's problem (41) a second time: every state is enumerated, only powers are left to a solver.

Written from the equations, not from the model. A configuration of a step is a set of energised sections and of closed
switches between them; it is admitted by searching the graph (closed switches join states, every island is a tree and
could hold a balance unit). Sequences of configurations are tried from the best objective (18) downwards. One is
accepted if, for some start-up of each NBSU and some balance unit of each island, powers exist within (13), (31)-(34)
and (37)-(40). Since islands are trees, flows and voltages are sums along paths, so powers are the only variables.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from itertools import chain, pairwise, product

import numpy as np
from scipy.linalg import block_diag
from scipy.optimize import linprog

from relight.controllers.milp.problem import Horizon
from support.brute_force_states import EPS_MIN, Block, Configuration, Island, Optimum, Sequence, States


class BruteForce(States):
    """Data of one horizon and all that is enumerated over it. Steps are numbered from 0."""

    # -- powers --------------------------------------------------------------------------------------------------

    @cached_property
    def columns(self) -> dict[tuple[str, str], int]:
        """Variables of one step: p and q by kind and LA, the squared voltage of each island's first LA, and with load
        control in part the share of each LA that is served, and of each with customers what loses or gets it. Of
        storage that loses energy what it gives and what it takes, and 1 if it gives."""
        rating = {"pv": "s_pv", "ess": "s_ess", "nbsu": "s_nbsu", "infeed": "s_infeed"}
        keys = [
            (name + kind, la)
            for la, area in self.areas.items()
            for kind, s in rating.items()
            if getattr(area, s)
            for name in ("p_", "q_")
        ]
        shares = [("n", la) for la in self.areas] if self.load_control == "part" else []
        if shares and (self.prices.interruption_kwh or self.prices.keeps_supply):
            shares += [(change, la) for la in self.with_customers for change in ("lost", "new")]
        stores = [(name, la) for la, area in self.areas.items() if area.loses for name in ("out", "in", "gives")]
        return {key: n for n, key in enumerate([*keys, *(("u", la) for la in self.areas), *shares, *stores])}

    def block(self, t: int, configuration: Configuration, status: dict[str, str], connected: frozenset[str]) -> Block:
        """One step's rows: (13a)-(13d), (13i), balance of islands (31)-(34), ratings (38), voltages (37), (40)."""
        key = (t, configuration, tuple(status.values()), connected, self._spells[t])
        if key not in self._blocks:
            self._blocks[key] = self._build_block(*key[:2], status, connected)
        return self._blocks[key]

    def _build_block(self, t, configuration, status, connected) -> Block:
        n = len(self.columns)
        low, high = np.zeros(n), np.zeros(n)
        for name, la in self.columns:
            high[self.columns[name, la]] = float(name in ("lost", "new"))
        at_most: list[tuple[np.ndarray, float]] = []
        equal: list[tuple[np.ndarray, float]] = []
        for island in self.islands(configuration):
            for la in island.las:
                self._bound_units(la, t, status, connected, low, high)
                at_most += self._circle(la, status)
                if ("n", la) in self.columns:
                    high[self.columns["n", la]] = 1.0
                if self.areas[la].loses:
                    for name, most in (
                        ("out", self.areas[la].s_ess_min),
                        ("in", self.areas[la].s_ess_min),
                        ("gives", 1),
                    ):
                        high[self.columns[name, la]] = most
                    at_most += self._one_way(la)
                    equal.append((self._row(la, p_ess=1, **{"out": -1, "in": 1}), 0.0))
            first = self.columns["u", island.las[0]]
            low[first], high[first] = self.limits.vm_min_pu**2, self.limits.vm_max_pu**2
            for name in ("p", "q"):
                row, constant = self._net(name, island, island.las, t)
                equal.append((row, -constant))
            for link in island.links:
                for name in ("p", "q"):
                    row, constant = self._flow(name, island, link, t)
                    at_most += between(-self.links[link].s_max_kva, row, constant, self.links[link].s_max_kva)
            for la in island.las[1:]:
                row, constant = self._voltage(island, la, t)
                at_most += between(self.limits.vm_min_pu**2, row, constant, self.limits.vm_max_pu**2)
        return Block(*stacked(at_most, n), *stacked(equal, n), low, high)

    def _row(self, la: str, **entries: float) -> np.ndarray:
        row = np.zeros(len(self.columns))
        for name, entry in entries.items():
            row[self.columns[name, la]] = entry
        return row

    def _one_way(self, la: str) -> list[tuple[np.ndarray, float]]:
        """Storage gives, or takes."""
        s = self.areas[la].s_ess_min
        return [(self._row(la, out=1, gives=-s), 0.0), (self._row(la, **{"in": 1}, gives=s), s)]

    def _bound_units(self, la, t, status, connected, low, high) -> None:
        area, state = self.areas[la], status.get(la, "off")
        q = self.sin_phi
        q_nbsu = q * area.s_nbsu if state == "online" or self.options.nbsu_reactive == "printed" else 0.0
        p_nbsu = {"off": (0, 0), "starting": (-area.p_in, -area.p_in), "online": (0, area.s_nbsu)}[state]
        ranges = {
            "p_pv": (0, self.psc[la]["pv_pu"][t] * area.s_pv if la in connected else 0),
            "q_pv": (-q * area.s_pv, q * area.s_pv) if la in connected else (0, 0),
            "p_ess": (-area.s_ess_min, area.s_ess_min),
            "q_ess": (-q * area.s_ess, q * area.s_ess),
            "p_nbsu": p_nbsu,
            "q_nbsu": (-q_nbsu, q_nbsu),
            "p_infeed": (-area.s_infeed, area.s_infeed),
            "q_infeed": (-area.s_infeed, area.s_infeed),
        }
        for name, (least, most) in ranges.items():
            if (name, la) in self.columns:
                low[self.columns[name, la]], high[self.columns[name, la]] = least, most

    def _circle(self, la: str, status: dict[str, str]) -> Iterator[tuple[np.ndarray, float]]:
        """|p| + |q| (1 − cos φ) / sin φ ≤ S: the chord from (S, 0) to the point at φ on the circle, where asked for.

        ESSs together give no more than the smallest may, so each has its share of q and the smallest has S_min.
        """
        if self.options.apparent_power != "circle":
            return
        yield from self._infeed_circle(la)
        if not self.sin_phi:
            return
        slope = (1 - self.limits.min_power_factor) / self.sin_phi
        area = self.areas[la]
        for kind, s in (("pv", area.s_pv), ("ess", area.s_ess_min), ("nbsu", area.s_nbsu)):
            if s:
                share = s / area.s_ess if kind == "ess" else 1.0
                for sign_p, sign_q in product((1, -1), repeat=2):
                    row = np.zeros(len(self.columns))
                    row[self.columns["p_" + kind, la]] = sign_p
                    row[self.columns["q_" + kind, la]] = sign_q * slope * share
                    yield row, s + (area.p_in if kind == "nbsu" and sign_p < 0 else 0.0)

    def _infeed_circle(self, la: str) -> Iterator[tuple[np.ndarray, float]]:
        """The polygon through 16 points of the circle p² + q² = S², one of them (S, 0): each side by its two ends."""
        s = self.areas[la].s_infeed
        corners = [(s * math.cos(math.pi * k / 8), s * math.sin(math.pi * k / 8)) for k in range(17)] if s else []
        for (p, q), (next_p, next_q) in pairwise(corners):
            row = np.zeros(len(self.columns))
            row[self.columns["p_infeed", la]], row[self.columns["q_infeed", la]] = next_q - q, p - next_p
            yield row, p * next_q - q * next_p

    def _net(self, name: str, island: Island, las, t: int) -> tuple[np.ndarray, float]:
        """Net injection of some LAs of an island with their loss allowance, as a row and a constant."""
        row = np.zeros(len(self.columns))
        for kind in ("pv", "ess", "nbsu", "infeed"):
            for la in las:
                if (f"{name}_{kind}", la) in self.columns:
                    row[self.columns[f"{name}_{kind}", la]] = 1.0
        series = "demand_p_kw" if name == "p" else "demand_q_kvar"
        losses = 1 + self.options.loss_allowance_pct / 100
        drawn = {la: losses * self.demand(series, la, t) for la in las if la in island.served}
        if self.load_control == "part":
            for la, kw in drawn.items():
                row[self.columns["n", la]] = -kw
            return row, 0.0
        return row, -sum(drawn.values())

    def _flow(self, name: str, island: Island, link: str, t: int) -> tuple[np.ndarray, float]:
        """(34) on a tree: a link carries what the LAs beyond it lack."""
        sign, fed = island.beyond(link)
        row, constant = self._net(name, island, fed, t)
        return -sign * row, -sign * constant

    def _voltage(self, island: Island, la: str, t: int) -> tuple[np.ndarray, float]:
        """(37) along the path: U_la = U_first − Σ 2 (P R + Q X), kW on 1 MVA, and what transformers make of it."""
        row, constant = np.zeros(len(self.columns)), 0.0
        row[self.columns["u", island.las[0]]] = 1.0
        for link, sign in island.paths[la]:
            branch = self.links[link]
            start, end = (self.view.buses[bus].level ** 2 for bus in (branch.from_bus, branch.to_bus))
            before, after = (
                (start * branch.no_load_ratio**2, end) if sign > 0 else (end, start * branch.no_load_ratio**2)
            )
            row, constant = before * row, before * constant
            for name, ohms in (("p", branch.r_pu), ("q", branch.x_pu)):
                flow, part = self._flow(name, island, link, t)
                row -= 2e-3 * sign * ohms * flow
                constant -= 2e-3 * sign * ohms * part
            row, constant = row / after, constant / after
        return row, constant

    def reference(self, island: Island, root: str, t: int) -> tuple[np.ndarray, float]:
        """(36): the balance unit's LA is at U_N, a live infeed's at its own voltage."""
        row, constant = self._voltage(island, root, t)
        inside = self.view.local_areas[root].buses
        live = [i for i in self.view.infeeds.values() if i.live and i.bus in inside]
        own = [i.vm_pu / self.view.buses[i.bus].level for i in live]
        return row, (own[0] if own else self.limits.reference_vm_pu) ** 2 - constant

    def solvable(self, block: Block) -> bool:
        """Whether powers exist; what the bounds of single rows rule out already is not solved."""
        ends = np.stack((block.e * block.low, block.e * block.high))
        least, largest = ends.min(axis=0).sum(axis=1), ends.max(axis=0).sum(axis=1)
        if (block.f < least - 1e-6).any() or (block.f > largest + 1e-6).any():
            return False
        return self.largest(block, np.zeros(len(block.low))) is not None

    def largest(self, block: Block, value: np.ndarray) -> float | None:
        """The largest value of powers and shares, or None if there are none."""
        self.programmes += 1
        whole = [name == "gives" for name, _ in self.columns]
        found = linprog(
            -value, block.a, block.b, block.e if len(block.f) else None,
            block.f if len(block.f) else None, np.column_stack((block.low, block.high)),
            integrality=np.resize(whole, len(value)) if any(whole) else None,
        )  # fmt: skip
        assert found.status in (0, 2), found.message
        return -found.fun if found.status == 0 else None

    def joined(self, blocks: list[Block], status: list[dict[str, str]], sequence: Sequence) -> Block:
        """All steps, or the first of them, together with what couples them: energy (13e) and ramps (13j)."""
        n = len(self.columns) * len(blocks)
        coupled = chain(self._energy(), self._ramps(status, sequence), self._supply())
        a, b = stacked([(row[:n], limit) for row, limit in coupled if not row[n:].any()], n)
        return Block(
            np.vstack((block_diag(*(k.a for k in blocks)), a)), np.concatenate([*(k.b for k in blocks), b]),
            block_diag(*(k.e for k in blocks)), np.concatenate([k.f for k in blocks]),
            np.concatenate([k.low for k in blocks]), np.concatenate([k.high for k in blocks]),
        )  # fmt: skip

    def _at(self, name: str, la: str, t: int) -> np.ndarray:
        row = np.zeros(len(self.columns) * len(self.steps))
        row[t * len(self.columns) + self.columns[name, la]] = 1.0
        return row

    def _energy(self) -> Iterator[tuple[np.ndarray, float]]:
        """(13e). ESSs that lose energy differently hold what the worst would at least, the best at most."""
        for la, area in self.areas.items():
            if area.s_ess:
                message = self.psc[la]
                low, high = (-message["charge_kwh"], math.inf), (-math.inf, message["discharge_kwh"])
                for (least, most), efficiency in ((low, area.best), (high, area.worst)):
                    taken = np.zeros(len(self.columns) * len(self.steps))
                    for t in self.steps:
                        taken = taken + self.hours[t] * self._drawn(la, t, *efficiency)
                        yield from between(least, taken, 0.0, most)

    def _drawn(self, la: str, t: int, charging: float, discharging: float) -> np.ndarray:
        if not self.areas[la].loses:
            return self._at("p_ess", la, t)
        return self._at("out", la, t) / discharging - self._at("in", la, t) * charging

    def _supply(self) -> Iterator[tuple[np.ndarray, float]]:
        """Shares with supply, of what was before: what is lost and what is new stays so for a least time."""
        for la in (la for name, la in self.columns if name == "lost"):
            for t, (low, high) in zip(self.steps, self.held(la), strict=True):
                n, change = self._at("n", la, t), self._at("new", la, t) - self._at("lost", la, t)
                rise = n - self._at("n", la, t - 1) if t else n
                yield from between(0.0, rise - change, 0.0 if t else -self.supplied_before[la], 0.0)
                yield from between(low, n, 0.0, high)
                if self.prices.keep_served:
                    yield self._at("lost", la, t), 0.0
                for name, least_min, sign in (
                    ("new", self.prices.min_on_min, -1),
                    ("lost", self.prices.min_off_min, 1),
                ):
                    within = [u for u in self.steps[: t + 1] if self.start[t] < self.start[u] + least_min - EPS_MIN]
                    if within:
                        yield sum((self._at(name, la, u) for u in within), sign * n), max(0.0, float(sign))

    def _ramps(self, status: list[dict[str, str]], sequence) -> Iterator[tuple[np.ndarray, float]]:
        """(13j), D8: rate × the full plan step; after a shorter first step the range now bounds the second too.

        A unit whose LA goes dark need not ramp down.

        Into the first on-line step a unit jumps freely, or (option) rises from where it was: −p_in, or 0 if it starts
        in no time. A measured range bounds the first step of a unit that is on line already.
        """
        for la, area in self.areas.items():
            for t in self.steps if area.s_nbsu else ():
                if status[t][la] != "online":
                    continue
                live = area.section in sequence[t].sections
                now, message = self._at("p_nbsu", la, t), self.psc[la]
                if t == 0:
                    if message["nbsu_state"] == "online":
                        yield now, message["nbsu_p_max_kw"]
                        if live:
                            yield -now, -message["nbsu_p_min_kw"]
                    elif not self.options.first_online_step_free:
                        drawn = area.p_in if message["nbsu_state"] == "starting" else 0.0
                        yield now, max(0.0, area.ramp_up * self.full_step_h - drawn)
                    continue
                if t == 1 and message["nbsu_state"] == "online" and self.hours[0] < self.full_step_h:
                    yield now, message["nbsu_p_max_kw"]
                    if live:
                        yield -now, -message["nbsu_p_min_kw"]
                rise = now - self._at("p_nbsu", la, t - 1)
                was_online = status[t - 1][la] == "online"
                if was_online or not self.options.first_online_step_free:
                    yield rise, area.ramp_up * self.full_step_h
                if was_online and live:
                    yield -rise, area.ramp_down * self.full_step_h

    # -- the search ----------------------------------------------------------------------------------------------

    def best(self) -> Optimum | None:
        """The optimum, or None if not even the least that must be energised (live infeeds) can be."""
        if self.load_control == "part":
            return self._best_in_part()
        for objective, sequence in self.sequences():
            for launches, status in self.schedules(sequence):
                roots = self._balance_units(sequence, status)
                if roots is not None:
                    return Optimum(objective, sequence, launches, roots)
        return None

    def _best_in_part(self) -> Optimum | None:
        """Shares are left to a linear problem for each sequence, from the one that could be worth most downwards."""
        assert self.cold_load is None and not self.limited, "not enumerated in parts"
        best: Optimum | None = None
        n = len(self.columns)
        value, kept = np.zeros(n * len(self.steps)), list[tuple[np.ndarray, float]]()
        grown: list[tuple[np.ndarray, float]] = []
        for la in self.areas:
            for t in self.steps:
                value += self._at("n", la, t) * self.value_of(la, t)
                if ("lost", la) in self.columns:
                    value -= self._at("lost", la, t) * self.prices.interruption_kwh
                if self.static and t:
                    kept.append((self._at("n", la, t) - self._at("n", la, 0), 0.0))
                if self.growing and t:
                    grown.append((self._at("n", la, t - 1) - self._at("n", la, t), 0.0))
        for most, sequence in self.sequences():
            if best is not None and most <= best.objective + 1e-9:
                return best
            cost = self.cost(sequence)
            for launches, status in self.schedules(sequence):
                capable = self._capable(sequence, status)
                joined = None if capable is None else self._possible_together(sequence, status)
                if capable is None or joined is None:
                    continue
                for roots in product(*capable):
                    e, f = stacked([*kept, *self._references(sequence, roots)], len(value))
                    a, b = stacked(grown, len(value))
                    held = Block(np.vstack((joined.a, a)), np.concatenate((joined.b, b)),
                                 np.vstack((joined.e, e)), np.concatenate((joined.f, f)),
                                 joined.low, joined.high)  # fmt: skip
                    worth = self.largest(held, value)
                    if worth is not None and (best is None or worth - cost > best.objective + 1e-9):
                        best = Optimum(worth - cost, sequence, launches, roots)
        return best

    def _capable(self, sequence, status) -> list[list[tuple[str, ...]]] | None:
        """Per step the choices of balance units; None if an island has none."""
        capable = []
        self._spells = self.spells(sequence) if self.cold_load or self.limited else self._spells
        for t, configuration in enumerate(sequence):
            choices = [
                [la for la in island.las if self.areas[la].s_infeed]
                or [la for la in island.las if self.can_form(la, status[t])]
                for island in self.islands(configuration)
            ]
            if self.limited:
                choices = [
                    [la for la in able if self.takes(la, island, t)]
                    for able, island in zip(choices, self.islands(configuration), strict=True)
                ]
            if not all(choices):
                return None
            capable.append(list(product(*choices)))
        return capable

    def _balance_units(self, sequence, status) -> tuple[tuple[str, ...], ...] | None:
        """Balance units per step with which powers exist; None if there are none."""
        capable = self._capable(sequence, status)
        joined = None if capable is None else self._possible_together(sequence, status)
        if capable is None or joined is None or not self.solvable(joined):
            return None
        return next((roots for roots in product(*capable) if self._referenced(joined, sequence, roots)), None)

    def _possible_together(self, sequence, status) -> Block | None:
        """All steps together; None if some of them have no solution."""
        connected: list[frozenset[str]] = []
        for t in self.steps:
            connected.append(self.pv_connected(sequence, t))
            if not self._step_possible(t, sequence[t], status[t], connected[t]):
                return None
        if not self._first_steps_possible(sequence, status, connected):
            return None
        return self._joined_of(self.steps, sequence, status, connected)

    def _step_possible(self, t, configuration, status, connected) -> bool:
        """Whether a step taken alone has a solution; if not, no sequence with it has."""
        key = (t, configuration, tuple(status.values()), connected, self._spells[t])
        if key not in self._possible:
            self._possible[key] = self.solvable(self.block(t, configuration, status, connected))
        return self._possible[key]

    def _first_steps_possible(self, sequence, status, connected) -> bool:
        """Whether all steps but the last have a solution together; if not, no sequence that begins so has."""
        steps = self.steps[:-1]
        if len(steps) < 2:
            return True
        key = tuple((sequence[t], tuple(status[t].values()), connected[t], self._spells[t]) for t in steps)
        if key not in self._first_possible:
            self._first_possible[key] = self.solvable(self._joined_of(steps, sequence, status, connected))
        return self._first_possible[key]

    def _joined_of(self, steps: range, sequence, status, connected) -> Block:
        blocks = [self.block(t, sequence[t], status[t], connected[t]) for t in steps]
        return self.joined(blocks, status, sequence)

    def _references(self, sequence, roots: tuple[tuple[str, ...], ...]) -> list[tuple[np.ndarray, float]]:
        """(36) of every island and step."""
        n, rows = len(self.columns), []
        for t, configuration in enumerate(sequence):
            for island, root in zip(self.islands(configuration), roots[t], strict=True):
                row, value = self.reference(island, root, t)
                whole = np.zeros(n * len(self.steps))
                whole[t * n : (t + 1) * n] = row
                rows.append((whole, value))
        return rows

    def _referenced(self, joined: Block, sequence, roots: tuple[tuple[str, ...], ...]) -> bool:
        e, f = stacked(self._references(sequence, roots), len(self.columns) * len(self.steps))
        return self.solvable(
            Block(joined.a, joined.b, np.vstack((joined.e, e)), np.concatenate((joined.f, f)), joined.low, joined.high)
        )


def between(low: float, row: np.ndarray, constant: float, high: float) -> list[tuple[np.ndarray, float]]:
    """low ≤ row x + constant ≤ high as rows of A x ≤ b; infinite ends are left out."""
    rows = [(row, high - constant), (-row, constant - low)]
    return [(r, limit) for r, limit in rows if math.isfinite(limit)]


def stacked(rows: list[tuple[np.ndarray, float]], n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.array([row for row, _ in rows]).reshape(len(rows), n), np.array([limit for _, limit in rows], dtype=float)


def brute_force(horizon: Horizon, **wanted: bool) -> Optimum | None:
    """The best plan of a horizon, or None if there is none at all; ``wanted``: of what kind, see ``States``."""
    return BruteForce(horizon, **wanted).best()
