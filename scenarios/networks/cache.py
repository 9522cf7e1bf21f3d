"""Networks already read in this process: a study reads the same one thousands of times."""

from __future__ import annotations

import copy
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

from ..raw_network import RawNetwork
from ..schema.network_kinds import Network

MOST = 16
"""Networks kept; the longest unused goes first."""

_Signature = tuple[tuple[str, int, int], ...]
_kept: OrderedDict[tuple[str, str], tuple[_Signature, RawNetwork]] = OrderedDict()


def recall(network: Network, base: Path) -> RawNetwork | None:
    """The network if it was kept and none of its files or their folders changed since; a copy, for nets are mutable."""
    key = _key(network, base)
    if key not in _kept:
        return None
    signature, raw = _kept[key]
    if _signature(raw) != signature:
        del _kept[key]
        return None
    _kept.move_to_end(key)
    return _copy(raw)


def keep(network: Network, base: Path, raw: RawNetwork) -> None:
    """Remember a network that was read without any problem."""
    _kept[_key(network, base)] = (_signature(raw), _copy(raw))
    while len(_kept) > MOST:
        _kept.popitem(last=False)


def _key(network: Network, base: Path) -> tuple[str, str]:
    return network.model_dump_json(), str(base.resolve())


def _signature(raw: RawNetwork) -> _Signature:
    """Name, time of change and size of each file read and of the folders they lie in."""
    seen = sorted({*raw.files, *(file.parent for file in raw.files)})
    return tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in seen if path.exists())


def _copy(raw: RawNetwork) -> RawNetwork:
    return replace(
        raw,
        net=copy.deepcopy(raw.net),
        switchable=set(raw.switchable),
        infeeds=list(raw.infeeds),
        pv=list(raw.pv),
        ess=list(raw.ess),
        nbsu=list(raw.nbsu),
        ess_efficiency={unit: dict(stated) for unit, stated in raw.ess_efficiency.items()},
        load_kw=dict(raw.load_kw),
        load_kvar=dict(raw.load_kvar),
        zip_shares=dict(raw.zip_shares),
        mix_by_bus={bus: dict(mix) for bus, mix in raw.mix_by_bus.items()},
        elements=dict(raw.elements),
        element_names=dict(raw.element_names),
        idle=dict(raw.idle),
        element_facts=dict(raw.element_facts),
        stays_at=dict(raw.stays_at),
        unoperated=dict(raw.unoperated),
        files=list(raw.files),
    )
