"""The network as a drawing needs it: what is joined to what, where it stands, which units and switches there are."""

from __future__ import annotations

from typing import Any

from ..case import Case
from ..view import EssUnit, Unit
from .coordinates import bus_places


def network_table(case: Case) -> dict[str, list[dict[str, Any]]]:
    """Buses, branches, units and local areas of a case as plain data, in the view's order (``network.json`` of a run).

    ``x`` and ``y`` of a bus are None where the network has no coordinates. A branch is ``closed`` as it was before the
    outage; ``faulted`` from its beginning. ``capacity_kwh`` is an ESS's room in all, full to empty, else None.
    """
    places, view = bus_places(case.net), case.view
    return {
        "buses": [
            {"id": bus.id, "vn_kv": bus.vn_kv, **dict(zip("xy", places.get(bus.id, (None, None)), strict=True))}
            for bus in view.buses.values()
        ],
        "branches": [
            {
                "id": b.id, "from_bus": b.from_bus, "to_bus": b.to_bus, "kind": b.kind,
                "switchable": b.switchable, "faulted": b.id in view.faults, "closed": b.closed,
            }
            for b in view.branches.values()
        ],
        "units": [
            {"id": u.id, "kind": u.kind, "bus": u.bus, "s_kva": u.s_kva, "capacity_kwh": _capacity_kwh(u)}
            for u in view.units.values()
        ],
        "local_areas": [
            {"id": la.id, "section": la.section, "buses": list(la.buses)} for la in view.local_areas.values()
        ],
    }  # fmt: skip


def _capacity_kwh(unit: Unit) -> float | None:
    return unit.discharge_kwh + unit.charge_kwh if isinstance(unit, EssUnit) else None
