"""Power supply capability (PSC) over time: what each LA's own units could give, asked for or not."""

from __future__ import annotations

import pandas as pd

KINDS = ("pv", "ess", "nbsu")
ALL = "*"
"""Stands for the whole area in place of an LA's id."""

COLUMNS = (
    "time_min", "local_area", "pv_kw", "ess_kw", "nbsu_kw", "psc_kw", "infeed_kw", "discharge_kwh", "charge_kwh",
)  # fmt: skip


def power_supply_capability(unit: pd.DataFrame) -> pd.DataFrame:
    """PSC of each LA with units, and of all together (``*``), at the end of each step (table ``unit``).

    ``psc_kw`` = Σ of what the limits of PV, ESS and NBSU leave each of them next (weather and reconnect delay; rating
    and energy over one simulation step; start-up and ramp); ``infeed_kw`` the same of live infeeds, not part of it.
    ``discharge_kwh``, ``charge_kwh``: E^Dis and E^Char of (4), (3) of Guo et al. 2025.
    """
    each = unit[["time_min", "local_area", "kind", "p_max_kw", "discharge_kwh", "charge_kwh"]]
    every = pd.concat([each, each.assign(local_area=ALL)])
    power = every.pivot_table("p_max_kw", ["time_min", "local_area"], "kind", aggfunc="sum")
    power = power.reindex(columns=[*KINDS, "infeed"]).fillna(0.0).add_suffix("_kw")
    energy = every.groupby(["time_min", "local_area"])[["discharge_kwh", "charge_kwh"]].sum()
    table = power.assign(psc_kw=power[[f"{kind}_kw" for kind in KINDS]].sum(axis=1)).join(energy)
    return table.reset_index().sort_values(["time_min", "local_area"])[list(COLUMNS)].reset_index(drop=True)
