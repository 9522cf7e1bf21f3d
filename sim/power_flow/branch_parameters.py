"""Parameters of lines and transformers as pandapower itself derives them from a net, for whoever solves without it; and
what branches draw that are open at one end only."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...scenarios.case import Case
from .protocol import EngineUnavailable

_COLUMNS = {"r": 2, "x": 3, "b": 4, "tap": 8, "shift": 9, "g": 23}
"""Columns of a branch in pandapower's per-unit model (MATPOWER's order, extended)."""
_ASYMMETRY = [21, 22, 24, 25]


@dataclass(frozen=True)
class Stub:
    """What a branch draws at ``bus`` and its rated voltage while its switch, at the other end, is open."""

    branch: str
    bus: str
    p_mw: float
    q_mvar: float


def branch_parameters(case: Case) -> dict[str, np.ndarray]:
    """Columns of power-grid-model's generic branch, one row per line and transformer: SI units of its second end.

    Raises ``EngineUnavailable`` for transformers whose magnetising currents differ at their ends.
    """
    import pandapower as pp

    net = copy.deepcopy(case.net)
    net.line["in_service"] = net.trafo["in_service"] = net.bus["in_service"] = True
    net.switch["closed"] = True
    pp.create_ext_grid(net, net.bus.index[0])
    shifted = bool(net.trafo["shift_degree"].any())
    pp.runpp(  # any mismatch will do: what counts is what pandapower makes of the branches before it iterates
        net, init="flat", numba=False, tolerance_mva=math.inf, calculate_voltage_angles=shifted,
        check_connectivity=False,
    )  # fmt: skip
    built: Any = net
    table = built["_ppc"]["branch"].real
    spans = built["_pd2ppc_lookups"]["branch"]
    table = np.concatenate([table[slice(*spans.get(kind, (0, 0)))] for kind in ("line", "trafo")])
    pu = {name: table[:, column] for name, column in _COLUMNS.items()}
    if table[:, _ASYMMETRY].any():
        what = "transformers with unequal ends"
        raise EngineUnavailable(f"the engine power-grid-model cannot express {what}; use --engine pandapower")
    vn_kv = net.bus["vn_kv"]
    to_kv = np.array([*vn_kv[net.line["to_bus"]], *vn_kv[net.trafo["lv_bus"]]], dtype=float)
    ohm = to_kv**2 / float(net.sn_mva)
    return {
        "r1": pu["r"] * ohm,
        "x1": pu["x"] * ohm,
        "g1": pu["g"] / ohm,
        "b1": pu["b"] / ohm,
        "k": np.where(pu["tap"] == 0, 1.0, pu["tap"]),
        "theta": np.radians(pu["shift"]),
        "sn": np.full(len(table), 1e6),
    }


def stubs_of(case: Case) -> list[Stub]:
    """Of unfaulted branches that stay connected at one end while they are open; without those that draw nothing.

    From the end of a π circuit whose other end is open: y = Y/2 + 1 / (Z + 2 / Y); over k² before an ideal ratio k.
    """
    open_ended = [b for b in case.view.branches.values() if b.stays_at is not None and not b.faulted]
    if not open_ended:
        return []
    net, found = case.net, list[Stub]()
    row = {name: k for k, name in enumerate([*net.line["name"], *net.trafo["name"]])}
    one = branch_parameters(case)
    for branch in open_ended:
        k = row[branch.id]
        half = complex(one["g1"][k], one["b1"][k]) / 2
        if not half:
            continue
        y = half + 1 / (complex(one["r1"][k], one["x1"][k]) + 1 / half)
        at_first = branch.stays_at == branch.from_bus
        to_kv = case.view.buses[branch.to_bus].vn_kv  # the parameters are those of the second end
        drawn = np.conj(y) * to_kv**2 / (one["k"][k] ** 2 if at_first else 1.0)
        found.append(Stub(branch.id, str(branch.stays_at), float(drawn.real), float(drawn.imag)))
    return found
