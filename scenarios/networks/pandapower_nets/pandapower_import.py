"""A network from pandapower: a function of ``pandapower.networks`` or a JSON file.

Lines, two-winding transformers and bus-bus switches become branches. Switches at lines and transformers are folded
into their branch. Loads become peaks by bus; generators and storages serve only as places for a scenario's units.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...raw_network import RawNetwork
from ...reading.problems import Problem, find_input, missing, no_such
from ...reading.time_limit import OutOfTime, time_limit
from ...schema.network_kinds import PandapowerFunction, PandapowerJson
from ...view import Infeed
from .net_columns import check_tables
from .net_file import READING_S, NetFileError, read_net

Net = Any
"""A pandapower net; its tables have their columns only at run time."""
_ELEMENTS = ("sgen", "gen", "storage")
_KNOWN = ("bus", "line", "trafo", "switch", "load", "ext_grid", *_ELEMENTS)
_NOT_PHYSICAL = ("measurement", "poly_cost", "pwl_cost", "controller", "group", "bus_geodata", "line_geodata")
_LOAD_CLASS = (
    (re.compile(r"^(?:Load )?R\d+$"), "h0"),
    (re.compile(r"^(?:Load )?CI\d+$"), "g0"),
    (re.compile(r"^([HGL]\d)(?:-[A-Z])?$"), None),
)
"""Names of CIGRE loads (residential; commercial and industrial) and SimBench profiles (``H0-A``)."""


def read_pandapower(
    network: PandapowerFunction | PandapowerJson, base: Path, scenario_file: str, problems: list[Problem]
) -> RawNetwork | None:
    """Load the net and reduce it to what ``RawNetwork`` promises; None when ``problems`` were added."""
    files: list[Path] = []
    if isinstance(network, PandapowerFunction):
        net = _call(network, scenario_file, problems)
        place = f"pandapower.networks.{network.function}"
    else:
        path = find_input(network.file, base)
        net = _read_json(path, network.file, scenario_file, problems)
        files, place = [path], network.file
    if net is None:
        return None
    before = len(problems)
    check_tables(net, place, problems)
    if len(problems) > before:
        return None
    _refuse_unknown(net, place, problems)
    if len(problems) > before:
        return None
    _drop_dead_buses(net)
    open_branches, switched = _fold_switches(net)
    _name_all(net)
    _drop_branches_never_in_service(net, switched, {*network.switchable, *(network.normally_open or ())})
    ids = {table: dict(zip(net[table].index, net[table].name, strict=True)) for table in ("line", "trafo")}
    switchable = {ids[table][index] for table, index in switched} | set(net.switch.name)
    opened = {ids[table][index] for table, index in open_branches if index in ids[table]}
    _set_states(net, opened, network, switchable, scenario_file, problems)
    _check_lines(net, place, problems)
    if len(problems) > before:
        return None
    raw = RawNetwork(net, switchable, _infeeds(net), elements=_elements(net), files=files)
    _take_loads(net, raw)
    for table in ("load", "ext_grid", *_ELEMENTS):
        net[table] = net[table].iloc[0:0]
    # A phase shift changes no flow in a radial network, yet spoils the flat start of the power flow.
    net.trafo["shift_degree"] = 0.0
    for table in [name for name in net if str(name).startswith("res_") or name in _NOT_PHYSICAL]:
        if hasattr(net[table], "iloc"):
            net[table] = net[table].iloc[0:0]
    return raw


def _call(network: PandapowerFunction, file: str, problems: list[Problem]) -> Net | None:
    import pandapower.networks as networks

    function = getattr(networks, network.function, None)
    if network.function.startswith("_") or not inspect.isfunction(function) or not _makes_a_net(function):
        problems.append(Problem(file, "network.function", network.function, "no such function in pandapower.networks"))
        return None
    try:
        with time_limit(READING_S):
            net = function(**network.arguments)
    except (Exception, SystemExit, OutOfTime) as error:
        remedy = f"the function fails with these arguments: {' '.join(str(error).split())[:200]}"
        problems.append(Problem(file, "network.arguments", dict(network.arguments), remedy))
        return None
    if not hasattr(net, "bus") or not hasattr(net, "line"):
        problems.append(Problem(file, "network.function", network.function, "does not return one pandapower net"))
        return None
    return net


def _makes_a_net(function: Callable[..., Any]) -> bool:
    """Whether a function is one of ``pandapower.networks`` itself, not imported there, and reads no file of ours."""
    own = function.__module__.startswith("pandapower.networks.")
    return own and not {"path", "file", "filename"} & set(inspect.signature(function).parameters)


def _read_json(path: Path, name: str, file: str, problems: list[Problem]) -> Net | None:
    if not path.exists():
        problems.append(Problem(file, "network.file", name, missing(path, "no such file beside the scenario file")))
        return None
    try:
        return read_net(path)
    except NetFileError as error:
        problems.append(Problem(file, "network.file", name, f"not a net written by pandapower.to_json ({error})"))
        return None


def _refuse_unknown(net: Net, place: str, problems: list[Problem]) -> None:
    """An element that would carry or take power unseen by the view is an error, not something to drop."""
    for table in sorted(str(name) for name in net if hasattr(net[name], "iloc")):
        physical = not table.startswith(("res_", "_")) and table not in (*_KNOWN, *_NOT_PHYSICAL)
        frame = net[table]
        if physical and len(frame) and {"bus", "from_bus", "hv_bus", "buses"} & set(frame.columns):
            remedy = (
                "elements of this kind are not supported; a network may hold buses, lines, two-winding transformers, "
                "switches, loads, sgens, gens, storages and external grids"
            )
            problems.append(Problem(place, table, len(frame), remedy))
    if "t3" in set(net.switch.et):
        problems.append(Problem(place, "switch", "t3", "switches at three-winding transformers are not supported"))


def _drop_dead_buses(net: Net) -> None:
    """Leave out buses out of service with all that hangs on them, and loads and generators out of service."""
    from pandapower.toolbox import drop_buses

    dead = net.bus.index[~net.bus.in_service.astype(bool)]
    if len(dead):
        drop_buses(net, dead)
    for table in ("load", "ext_grid", *_ELEMENTS):
        net[table] = net[table][net[table].in_service.astype(bool)]


def _fold_switches(net: Net) -> tuple[set[tuple[str, Any]], set[tuple[str, Any]]]:
    """Remove switches at lines and transformers; return the branches that are open, and those that had switches."""
    switched, opened = set(), set()
    for table, letter in (("line", "l"), ("trafo", "t")):
        at_branch = net.switch[net.switch.et == letter]
        switched |= {(table, index) for index in at_branch.element}
        opened |= {(table, index) for index in at_branch.element[~at_branch.closed.astype(bool)]}
        opened |= {(table, index) for index in net[table].index[~net[table].in_service.astype(bool)]}
    net.switch = net.switch[net.switch.et == "b"]
    return opened, switched


def _name_all(net: Net) -> None:
    """Give each bus and branch its id: the table's names if all are present and unique in the net, else numbers."""
    taken: set[str] = set()
    for table in ("bus", "line", "trafo", "switch"):
        names = ["" if name is None or name != name else str(name).strip() for name in net[table].name]
        if not all(names) or len(set(names)) < len(names) or taken & set(names):
            names = [f"{table}.{index}" for index in net[table].index]
        taken |= set(names)
        net[table] = net[table].assign(name=names)


def _drop_branches_never_in_service(net: Net, switched: set[tuple[str, Any]], named: set[str]) -> None:
    """A branch out of service has no switch to close it, unless the scenario names one."""
    for table in ("line", "trafo"):
        idle = net[table][~net[table].in_service.astype(bool)]
        gone = [index for index, name in idle.name.items() if (table, index) not in switched and name not in named]
        net[table] = net[table].drop(index=gone)


def _set_states(
    net: Net,
    opened: set[str],
    network: PandapowerFunction | PandapowerJson,
    switchable: set[str],
    file: str,
    problems: list[Problem],
) -> None:
    """Add the scenario's switches to ``switchable`` and put every branch in its state before the outage."""
    known = [name for table in ("line", "trafo", "switch") for name in net[table].name]
    for field, names in (("switchable", network.switchable), ("normally_open", network.normally_open or ())):
        for name in names:
            if name not in known:
                problems.append(Problem(file, f"network.{field}", name, no_such("branch", name, known)))
    switchable |= set(network.switchable) & set(known)
    opened = opened | set(net.switch.name[~net.switch.closed.astype(bool)])
    if network.normally_open is not None:
        opened = set(network.normally_open) & set(known)
        for name in network.normally_open:
            if name in known and name not in switchable:
                remedy = "has no switch; name it under network.switchable too"
                problems.append(Problem(file, "network.normally_open", name, remedy))
    for table in ("line", "trafo"):
        net[table]["in_service"] = ~net[table].name.isin(opened)
    net.switch["closed"] = ~net.switch.name.isin(opened)


def _check_lines(net: Net, place: str, problems: list[Problem]) -> None:
    for line in net.line.itertuples():
        if not line.length_km > 0:
            remedy = "must be above 0 km; use a bus-bus switch for a branch without length"
            problems.append(Problem(place, f"line {line.name}, length_km", line.length_km, remedy))
        for column in ("r_ohm_per_km", "x_ohm_per_km", "c_nf_per_km", "max_i_ka"):
            value = float(getattr(line, column))
            if not (math.isfinite(value) and (value >= 0 or column == "x_ohm_per_km")):
                problems.append(Problem(place, f"line {line.name}, {column}", value, "must be a number, 0 or more"))
        if line.r_ohm_per_km == 0 and line.x_ohm_per_km == 0:
            remedy = "no impedance; use a bus-bus switch for a branch without one"
            problems.append(Problem(place, f"line {line.name}, x_ohm_per_km", 0.0, remedy))
    for trafo in net.trafo.itertuples():
        if not (trafo.sn_mva > 0 and trafo.vk_percent > 0 and 0 <= trafo.vkr_percent <= trafo.vk_percent):
            remedy = "needs sn_mva > 0 and 0 ≤ vkr_percent ≤ vk_percent"
            problems.append(Problem(place, f"trafo {trafo.name}", None, remedy))
    for switch in net.switch[net.switch.et == "b"].itertuples():
        if float(getattr(switch, "z_ohm", 0.0) or 0.0) > 0:
            problems.append(
                Problem(place, f"switch {switch.name}, z_ohm", switch.z_ohm, "must be 0; model it as a line")
            )


def _infeeds(net: Net) -> list[Infeed]:
    infeeds: dict[str, Infeed] = {}
    # Without a transformer that rates it, ten times the net's load: never short, and still a sound big M.
    unrated = max(10_000.0, 10 * float(net.load.p_mw.abs().sum() + net.load.q_mvar.abs().sum()) * 1000)
    for grid in net.ext_grid.itertuples():
        bus = net.bus.name[grid.bus]
        near = net.trafo[(net.trafo.hv_bus == grid.bus) | (net.trafo.lv_bus == grid.bus)]
        s_kva = float((near.sn_mva * near.parallel).sum() * 1000) if len(near) else unrated
        infeeds[f"infeed.{bus}"] = Infeed(f"infeed.{bus}", bus, s_kva, float(grid.vm_pu), live=False)
    return list(infeeds.values())


def _elements(net: Net) -> dict[str, tuple[str, float | None]]:
    """Bus and rating (kVA) of generators and storages, by ``sgen.3`` and by the name that no other of them has."""
    result: dict[str, tuple[str, float | None]] = {}
    names = [str(name).strip() for table in _ELEMENTS for name in net[table].name if name is not None and name == name]
    ids = {f"{table}.{index}" for table in _ELEMENTS for index in net[table].index}
    own = {name for name in names if name and names.count(name) == 1 and name not in ids}
    for table in _ELEMENTS:
        for index, row in net[table].iterrows():
            values = [abs(float(row.get(column, math.nan) or math.nan)) for column in ("sn_mva", "max_p_mw", "p_mw")]
            # CIGRE's batteries carry an sn_mva below their power, so a storage is rated by its power limit.
            candidates = values[1:] if table == "storage" else values
            rating = next((value for value in candidates if math.isfinite(value) and value > 0), None)
            place = (net.bus.name[row.bus], None if rating is None else rating * 1000)
            result[f"{table}.{index}"] = place
            if (name := str(row["name"]).strip()) in own:
                result[name] = place
    return result


def _take_loads(net: Net, raw: RawNetwork) -> None:
    for load in net.load.itertuples():
        bus, p_kw = net.bus.name[load.bus], float(load.p_mw * load.scaling * 1000)
        raw.load_kw[bus] = raw.load_kw.get(bus, 0.0) + p_kw
        raw.load_kvar[bus] = raw.load_kvar.get(bus, 0.0) + float(load.q_mvar * load.scaling * 1000)
        load_class = _class_of(getattr(load, "profile", None)) or _class_of(load.name)
        if load_class:
            mix = raw.mix_by_bus.setdefault(bus, {})
            mix[load_class] = mix.get(load_class, 0.0) + p_kw


def _class_of(name: object) -> str | None:
    for pattern, load_class in _LOAD_CLASS:
        if isinstance(name, str) and (match := pattern.match(name.strip())):
            return load_class or match[1].lower()
    return None
