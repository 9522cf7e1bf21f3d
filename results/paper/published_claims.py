"""What Guo et al. (Energies 2025, 18(9), 2215) claim, as data, and the rule that judges each claim.

The rule (``verdict``) is the same for every row, in this order:

1. the printed value lies outside the bound that the paper's own Tables 2 to 4 allow: ``not reachable``;
2. no baseline or no definition is printed, the objective does not determine the quantity (shares of sources), or it
   is not measured here: ``undefined``;
3. our value lies within ``TOLERANCE`` of the printed one (for "less than": does not exceed it): ``reproduced``;
4. else ``differs``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["reproduced", "differs", "not reachable", "undefined"]
VERDICTS: tuple[Verdict, ...] = ("reproduced", "differs", "not reachable", "undefined")
Relation = Literal["equals", "below", "share", "undefined"]
"""How a claim is compared: our value shall equal the printed one; shall not exceed it; is a share of a source, which
the objective leaves open; or has nothing that it could be compared with."""

TOLERANCE = 0.05
"""Relative distance from the printed value up to which a value counts as reproduced."""

SOURCE = "Guo et al., Energies 2025, 18(9), 2215"


@dataclass(frozen=True)
class Claim:
    """One printed claim. ``value`` in ``unit``, None where the claim is no number; ``fact`` names what we measured,
    ``bound`` the bound it is held against (empty: none); ``where`` are the sections that print it; ``reason`` says in
    one line why the verdict is what it is, and may hold names of facts and bounds in braces."""

    id: str
    case: str
    quantity: str
    value: float
    unit: str
    relation: Relation
    where: str
    quote: str
    fact: str = ""
    bound: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Fact:
    """A measured value, with the interval that is left open where there is one, and how to get it again."""

    value: float | None
    low: float | None = None
    high: float | None = None
    command: str = ""
    seeds: str = ""


@dataclass(frozen=True)
class Bound:
    """What Tables 2 to 4 allow, whatever load and weather."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Row:
    """A claim beside what was measured with the storage that Table 3 prints, and with the smaller storage, whose
    cases were calibrated on the printed energies: no verdict follows from those."""

    claim: Claim
    fact: Fact
    bound: Bound | None
    verdict: Verdict
    reason: str
    reduced: Fact
    reduced_bound: Bound | None

    @property
    def out_of_reach_reduced(self) -> bool:
        """Whether the printed value is beyond what the smaller storage allows; that is arithmetic, not calibration."""
        return self.reduced_bound is not None and not self.reduced_bound.holds(self.claim.value)


def verdict(claim: Claim, measured: float | None, bound: Bound | None) -> Verdict:
    """The verdict of the module's head."""
    if bound is not None and not bound.holds(claim.value):
        return "not reachable"
    if claim.relation in ("share", "undefined") or measured is None or not math.isfinite(measured):
        return "undefined"
    if claim.relation == "below":
        return "reproduced" if measured <= claim.value else "differs"
    return "reproduced" if abs(measured - claim.value) <= TOLERANCE * abs(claim.value) else "differs"


def judge(
    claim: Claim,
    facts: Mapping[str, Fact],
    bounds: Mapping[str, Bound],
    reduced: Mapping[str, Fact],
    reduced_bounds: Mapping[str, Bound],
    words: Mapping[str, str],
) -> Row:
    """A claim's row. ``words`` fill the braces of its reason; a claim whose fact is missing stays undefined."""
    nothing = Fact(None)
    fact, bound = facts.get(claim.fact, nothing), bounds.get(claim.bound)
    return Row(
        claim=claim,
        fact=fact,
        bound=bound,
        verdict=verdict(claim, fact.value, bound),
        reason=claim.reason.format_map(words),
        reduced=reduced.get(claim.fact, nothing),
        reduced_bound=reduced_bounds.get(claim.bound),
    )


PRINTED_MWH = {"0400": 7.0, "1000": 5.0}
"""Restored energy by case."""

PRINTED_STATIC_MWH = 0.186

_OPEN = "the objective counts load, not sources; all plans worth as much as our first one: {interval:%s}"


def _share(id: str, case: str, source: str, value: float, where: str, quote: str, fact: str) -> Claim:
    return Claim(
        id, case, f"share of {source}", value, "%", "share", where, quote, fact, fact,
        _OPEN.replace(":%s", f"_{fact}"),
    )  # fmt: skip


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "energy-0400", "04:00", "restored energy", 7.0, "MWh", "equals", "abstract, 5.2.1, 7",
        "restored an additional 7 MWh of load through phased recovery actions", "energy_0400", "energy_0400",
        "neither load nor irradiance is printed; ours: {peak_0400} MW, index {index_0400}, {demand_0400} MWh demanded, "
        "{served_0400} MWh served in co-simulation; 7 MWh at some index for {peaks_0400}",
    ),
    Claim(
        "areas-0430", "04:00", "LAs 29-42 on by 04:30", 14, "LAs", "equals", "5.2.1",
        "enabling the restoration of LAs 29-42 within 30 min", "areas_0430", "",
        "first plan, which meets {met_0400} % of the demand anyway; says little about the method",
    ),
    Claim(
        "areas-0600", "04:00", "LAs 39-42 lost at 06:00", 4, "LAs", "equals", "5.2.1",
        "load surges at 6:00 temporarily disrupted service in LAs 39-42", "areas_0600", "",
        "first plan; whether the surge forces it depends on the load, which is not printed",
    ),
    Claim(
        "areas-0700", "04:00", "LAs 39-42 back by 07:00", 4, "LAs", "equals", "5.2.1",
        "increased PV output by 7:00 allowed these areas to be re-energized", "areas_0700", "",
        "first plan; counts areas dark at 06:00 and supplied at 07:00",
    ),
    Claim(
        "areas-0830", "04:00", "LAs 6-18, 24-28 on at 08:30", 18, "LAs", "equals", "5.2.1",
        "By 8:30, dynamic network reconfiguration mitigated outages in LAs 6-18 and 24-28", "areas_0830", "",
        "first plan; \"mitigated\" is read as: all of them supplied",
    ),
    _share("nbsu-share-0400", "04:00", "NBSU", 34.1, "5.2.1", "NBSUs provided 34.1%", "nbsu_share_0400"),
    Claim(
        "nbsu-energy-0400", "04:00", "energy from NBSUs", 25.7, "MWh", "equals", "5.2.1",
        "NBSUs provided 34.1% (25.7 MWh) of the restored energy", "nbsu_energy_0400", "nbsu_energy_0400",
        "beyond what Table 4's units can give in 5 h; 34.1 % of 7 MWh is {nbsu_of_7} MWh",
    ),
    _share("ess-share-0400", "04:00", "ESS", 28.5, "5.2.1", "ESSs contributed 28.5%", "ess_share_0400"),
    _share("pv-share-0400", "04:00", "PV", 37.4, "5.2.1", "PV systems accounted for 37.4%", "pv_share_0400"),
    Claim(
        "shedding-0400", "04:00", "shedding at peak sun, less by", 18, "%", "undefined", "5.2.1",
        "reducing load shedding by 18% during peak sunlight hours", "", "",
        "no baseline and no hours are printed",
    ),
    Claim(
        "energy-1000", "10:00", "restored energy", 5.0, "MWh", "equals", "abstract, 5.2.2, 6, 7",
        "restored 5 MWh of load", "energy_1000", "energy_1000",
        "neither load nor irradiance is printed; ours: {peak_1000} MW, index {index_1000}, {demand_1000} MWh demanded, "
        "{served_1000} MWh served in co-simulation; 5 MWh at some index for {peaks_1000}",
    ),
    Claim(
        "order", "both", "restored, 10:00 / 04:00", round(5 / 7, 4), "", "equals", "abstract, 7",
        "7 MWh (4:00 fault) and 5 MWh (10:00 fault)", "order", "",
        "clear-sky PV of 10:00-15:00 is {pv_ratio} times that of 04:00-09:00: less at midday needs an overcast day or "
        "a load too large to pick up",
    ),
    _share("pv-share-1000", "10:00", "PV", 54.7, "5.2.2, 7", "PV systems contributing 54.7%", "pv_share_1000"),
    _share("nbsu-share-1000", "10:00", "NBSU", 41.1, "5.2.2, 7", "NBSUs contributing 41.1%", "nbsu_share_1000"),
    Claim(
        "static-1000", "10:00", "restored energy, static plan", PRINTED_STATIC_MWH, "MWh", "equals", "5.2.2",
        "the static SRP [...] achieved only 0.186 MWh of restored energy", "static_1000", "energy_1000",
        "\"static\" is not defined in full; read as {static_names}, and as static under each variation but the one of "
        "06:00-14:00, whose window is another: {static_range} MWh",
    ),
    Claim(
        "ratio-1000", "10:00", "dynamic over static", 26.9, "x", "equals", "abstract, 5.2.2, 6, 7",
        "a 26.9-fold improvement over the static method", "ratio_1000", "",
        "5 / 0.186 = {printed_ratio} agrees in itself; ours follows from our static plan",
    ),
    Claim(
        "interruptions-1000", "10:00", "interruptions, 10:00-13:00", 0, "a run", "equals", "5.2.2",
        "enabled ESSs to compensate for declining PV output, preventing load interruptions", "interruptions_1000", "",
        "co-simulated, mean over seeds; objective (18) counts energy, not interruptions",
    ),
    Claim(
        "deviation-1000", "10:00", "deviation under clouds", 5, "%", "below", "6, 7",
        "PV generation fluctuated by ±30% [...] restored energy stability with less than 5% deviation",
        "deviation_1000", "",
        "read as served against first plan over 10:00-13:00, largest of the seeds; mean {deviation_mean} %",
    ),
    Claim(
        "static-events-1000", "10:00", "shedding events, static, more", 22, "%", "undefined", "6",
        "the static SRP [...] experienced a 22% increase in load-shedding events", "", "",
        "neither event nor baseline is defined; areas shed per run here: static {shed_static}, dynamic {shed_dynamic}",
    ),
    Claim(
        "seconds", "10:00", "computation time", 34, "s", "below", "6",
        "while maintaining computation times under 34 s", "seconds", "",
        "wall time of the first plan (timing.json); a literal N = 45 model has {binaries} million c-binaries",
    ),
    Claim(
        "rural", "rural", "restored energy, less by", 15, "%", "undefined", "6, 7",
        "limitations persist in DG-sparse rural networks, [...] reduce restored energy by 15%", "", "",
        "no rural network is printed; under an assumed one: benchmarks/README.md, Deviation",
    ),
    Claim(
        "communication", "comms", "out > 10 min: energy, less by", 28, "%", "undefined", "6, 7",
        "prolonged communication outages (>10 min) [...] lowering restored energy by 28%", "", "",
        "no fallback is printed; under an assumed one: benchmarks/README.md, Communication",
    ),
)  # fmt: skip


def table_bounds(
    pv_clear_sky_mwh: Mapping[str, float], ess_mwh: float, nbsu_mwh: float, printed_mwh: Mapping[str, float]
) -> dict[str, Bound]:
    """Bounds by name from what each kind of unit can give at most in the window (MWh).

    A source's share of the printed energy is bounded above by what it can give, below by what the others cannot.
    """
    bounds: dict[str, Bound] = {}
    for case, total in printed_mwh.items():
        most = {"pv": pv_clear_sky_mwh[case], "ess": ess_mwh, "nbsu": nbsu_mwh}
        bounds[f"energy_{case}"] = Bound(0.0, sum(most.values()))
        for source, energy in most.items():
            others = sum(most.values()) - energy
            low, high = max(0.0, total - others), min(total, energy)
            bounds[f"{source}_share_{case}"] = Bound(100 * low / total, 100 * high / total)
            bounds[f"{source}_energy_{case}"] = Bound(0.0, energy)
    return bounds


def literal_binaries(areas: int, steps: int) -> int:
    """Number of c-binaries of (24)–(26) as printed: (k_max − 1) N³ T with k_max of (22)."""
    k_max = 2 + math.floor(math.log2(areas - 1))
    return (k_max - 1) * areas**3 * steps
