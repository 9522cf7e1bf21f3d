"""A network from pandapower: a function of ``pandapower.networks``, a JSON file, or one of SimBench.

Lines, transformers, impedances and bus-bus switches become branches. Switches at lines and transformers are folded
into their branch. Loads become peaks by bus; generators and storages serve only as places for a scenario's units.
What becomes of every table and column stands in ``inventory``.
"""

from __future__ import annotations

import inspect
import math
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ...network_account import Entry, NetworkAccount
from ...raw_network import RawNetwork
from ...reading.problems import Problem, find_input, listed, missing, no_such
from ...reading.time_limit import OutOfTime, time_limit
from ...schema.network_kinds import PandapowerFunction, PandapowerNetwork, SimbenchNetwork
from .account import drop_out_of_service, left_entries, out_of_service, read_entries, refuse
from .equivalents import add_impedances, add_stars, join_tiny
from .infeeds import infeeds_of
from .inventory import TABLES
from .loads import take_loads, take_places, take_shunts
from .net_columns import check_tables
from .net_file import READING_S, NetFileError, read_net
from .phase_shifts import settle_shifts, settle_taps
from .simbench_net import make_net, own_profiles, take_shapes
from .whole_net import BRANCHES, bare, complete

Net = Any
"""A pandapower net; its tables have their columns only at run time."""
_NAMED = ("bus", "line", "trafo", "switch", "trafo3w", "impedance")


def read_pandapower(
    network: PandapowerNetwork, base: Path, scenario_file: str, problems: list[Problem]
) -> RawNetwork | None:
    """Load the net and reduce it to what ``RawNetwork`` promises; None when ``problems`` were added."""
    files: list[Path] = []
    controllers, shapes = 0, dict[str, str]()
    if isinstance(network, PandapowerFunction):
        net = _call(network, scenario_file, problems)
        place = f"pandapower.networks.{network.function}"
    elif isinstance(network, SimbenchNetwork):
        net, place = make_net(network.code, scenario_file, problems), f"SimBench {network.code}"
        shapes = take_shapes(net) if net is not None and network.profiles else shapes
    else:
        path = find_input(network.file, base)
        net, controllers = _read_json(path, network.file, scenario_file, problems)
        files, place = [path], network.file
    if net is None:
        return None
    before = len(problems)
    check_tables(net, place, problems)
    if len(problems) > before:
        return None
    raw = _reduced(net, network, place, scenario_file, problems)
    if len(problems) > before:
        return None
    if controllers:
        left = Entry(TABLES["controller"].word, controllers, text=TABLES["controller"].text)
        raw.account = NetworkAccount(raw.account.read, (*raw.account.left, left))
    if isinstance(network, SimbenchNetwork) and network.profiles:
        raw.profiles = own_profiles(net, raw, shapes, network.code)
    raw.files = files
    return raw


def _reduced(
    net: Net, network: PandapowerNetwork, place: str, scenario_file: str, problems: list[Problem]
) -> RawNetwork:
    """The net with its account; only part of it where problems were added."""
    before = len(problems)
    complete(net)
    dropped = drop_out_of_service(net)
    unnamed = _name_all(net)
    before_drop = _in_tables(net, ("line", "trafo"))
    dropped += _drop_branches_out_of_service(net, {*network.switchable, *(network.normally_open or ())})
    check_tables(net, place, problems, idle=True)
    raw = RawNetwork(net, set(), [])
    there = set(_in_tables(net, ("line", "trafo")))
    raw.withdrawn = tuple(name for name in before_drop if name not in there)
    if len(problems) > before:
        return raw
    refuse(net, place, problems)
    if len(problems) > before:
        return raw
    read, left = list(read_entries(net)), list(left_entries(net))
    states = _Switched(net)
    _check_branches(net, place, problems)
    if len(problems) > before:
        return raw
    buses = set(net.bus.name)
    states.add_windings(add_stars(net))
    stars = set(net.bus.name) - buses
    add_impedances(net, place, problems)
    _check_names(net, place, problems)
    taps = settle_taps(net, place, problems)
    tiny = join_tiny(net)
    raw.switchable, raw.stays_at = states.switchable(net), states.stays_at(net)
    _set_states(net, states.opened, network, raw.switchable, scenario_file, problems)
    shifts = settle_shifts(net, place, problems)
    raw.infeeds = infeeds_of(net, place, problems)
    raw.inner = frozenset(stars)
    take_places(net, raw)
    take_loads(net, raw)
    take_shunts(net)
    told = *shifts, *left, *taps, *_joined(tiny), *_options(net), *unnamed, *dropped
    raw.account = NetworkAccount(tuple(read), told)
    raw.net = bare(net)
    return raw


def _in_tables(net: Net, tables: tuple[str, ...]) -> list[str]:
    return [name for table in tables for name in net[table].name]


def _options(net: Net) -> list[Entry]:
    """Options that the net gives to every power flow of pandapower."""
    options = net.get("user_pf_options")
    if not isinstance(options, dict) or not options:
        return []
    names = ", ".join(map(str, options))
    return [Entry("user_pf_options", len(options), text=f"power flows are those by pandapower's defaults: {names}")]


def _check_names(net: Net, place: str, problems: list[Problem]) -> None:
    """Names made for windings and star points may be those of others."""
    counts = Counter(name for table in ("bus", *BRANCHES) for name in net[table].name)
    for name in sorted(name for name, count in counts.items() if count > 1):
        problems.append(Problem(place, "trafo3w, name", name, "a bus or branch has this name too; rename one"))


def _joined(tiny: list[str]) -> list[Entry]:
    text = "so short that they are one node: their ratings are not checked"
    return [Entry("lines of next to no impedance", len(tiny), text=f"{text}: {', '.join(tiny[:5])}")] if tiny else []


class _Switched:
    """Switches at lines and transformers, folded into their branches by name; they are taken out of the net."""

    def __init__(self, net: Net) -> None:
        self.opened: set[str] = set()
        self.windings: dict[tuple[Any, str], str] = {}
        """number and side of a three-winding transformer → name of its winding"""
        self._ends: dict[str, dict[Any, bool]] = {}
        """branch → buses at which it has switches → whether all there are closed"""
        self._at_windings: list[tuple[Any, Any, bool]] = []
        self._sides = {
            (row.Index, getattr(row, f"{side}_bus")): side
            for row in net.trafo3w.itertuples()
            for side in ("hv", "mv", "lv")
        }
        for row in net.switch[net.switch.et != "b"].itertuples():
            if row.et == "t3":
                self._at_windings.append((row.element, row.bus, bool(row.closed)))
            else:
                self._fold(net["line" if row.et == "l" else "trafo"].name[row.element], row.bus, bool(row.closed))
        for table in ("line", "trafo"):
            self.opened |= set(net[table].name[~net[table].in_service.astype(bool)])
        net.switch = net.switch[net.switch.et == "b"]
        self._between_buses = set(net.switch.name)

    def _fold(self, branch: str, bus: Any, closed: bool) -> None:
        ends = self._ends.setdefault(branch, {})
        ends[bus] = closed and ends.get(bus, True)
        if not closed:
            self.opened.add(branch)

    def add_windings(self, made: dict[str, tuple[Any, str]]) -> None:
        """Fold switches at three-winding transformers into the windings that stand in their place."""
        self.windings = {at: name for name, at in made.items()}
        for number, bus, closed in self._at_windings:
            self._fold(self.windings[number, self._sides[number, bus]], bus, closed)

    def switchable(self, net: Net) -> set[str]:
        """Branches of the net that have a switch, or are one; a line that was joined is none."""
        known = {name for table in BRANCHES for name in net[table].name}
        return (set(self._ends) & known) | self._between_buses

    def stays_at(self, net: Net) -> dict[str, str]:
        """As in ``RawNetwork``: of branches with a switch at one end alone, the other one; of those with switches at
        both, of which the net has one open, the closed one, for it is the open one that operates."""
        found: dict[str, str] = {}
        for table, ends in (("line", ("from_bus", "to_bus")), ("trafo", ("hv_bus", "lv_bus"))):
            for row in net[table].itertuples():
                if (switched := self._ends.get(row.name)) is None:
                    continue
                buses = {getattr(row, end) for end in ends}
                operates = {bus for bus, closed in switched.items() if not closed} or set(switched)
                if len(solid := buses - (operates if len(switched) > 1 else set(switched))) == 1:
                    found[row.name] = str(net.bus.name[solid.pop()])
        return found


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


def _read_json(path: Path, name: str, file: str, problems: list[Problem]) -> tuple[Net | None, int]:
    """The net, and how many controllers its file held."""
    if not path.exists():
        problems.append(Problem(file, "network.file", name, missing(path, "no such file beside the scenario file")))
        return None, 0
    try:
        return read_net(path)
    except NetFileError as error:
        problems.append(Problem(file, "network.file", name, f"not a net written by pandapower.to_json ({error})"))
        return None, 0


def _name_all(net: Net) -> list[Entry]:
    """Give each bus and branch its id: its own name, if it has one that nothing else has, else its number.

    Of elements with one name in two tables the one in the first table keeps it.
    """
    tables = {table: net.switch[net.switch.et == "b"] if table == "switch" else net[table] for table in _NAMED}
    own: dict[tuple[str, Any], str] = {
        (table, index): "" if name is None or name != name else str(name).strip()
        for table, rows in tables.items()
        for index, name in rows.name.items()
    }
    often = Counter((table, name) for (table, _), name in own.items())
    numbered = {key for key, name in own.items() if not name or often[key[0], name] > 1}
    while clashing := _clashing(ids := {key: _number(*key) if key in numbered else own[key] for key in own}, numbered):
        numbered |= clashing
    for table, rows in tables.items():
        names = rows.name.astype(object)
        names[:] = [ids[table, index] for index in rows.index]
        net[table] = net[table].assign(name=names)
    return list(_unnamed(tables, numbered))


def _number(table: str, index: Any) -> str:
    return f"{table}.{index}"


def _clashing(ids: dict[tuple[str, Any], str], numbered: set[tuple[str, Any]]) -> set[tuple[str, Any]]:
    """Elements that must give up a name that another has, or that is the number of another."""
    first: dict[str, tuple[str, Any]] = {}
    clashing: set[tuple[str, Any]] = set()
    for key, name in ids.items():
        if (other := first.setdefault(name, key)) != key:
            clashing.add(other if key in numbered else key)
    return clashing


def _unnamed(tables: dict[str, Any], numbered: set[tuple[str, Any]]) -> Iterator[Entry]:
    """What is called by its number although others of its table have names."""
    for table, rows in tables.items():
        those = [_number(table, index) for index in rows.index if (table, index) in numbered]
        if those and len(those) < len(rows):
            text = f"empty, or another element's too; called by number: {listed(those, 5)}"
            yield Entry(f"names of {TABLES[table].word}", len(those), text=text, changes_numbers=False)


def _drop_branches_out_of_service(net: Net, named: set[str]) -> list[Entry]:
    """A branch out of service is withdrawn, whatever its switches are, unless the scenario names it."""
    dropped: list[Entry] = []
    for table in ("line", "trafo"):
        gone = net[table][~net[table].in_service.astype(bool) & ~net[table].name.isin(named)]
        if len(gone):
            dropped.append(out_of_service(table, gone))
            net[table] = net[table].drop(index=gone.index)
    kept = [row.et == "b" or row.element in net[_SWITCHED[row.et]].index for row in net.switch.itertuples()]
    if not all(kept):
        dropped.append(out_of_service("switch", net.switch[[not one for one in kept]]))
        net.switch = net.switch[kept]
    return dropped


_SWITCHED = {"l": "line", "t": "trafo", "t3": "trafo3w"}


def _set_states(
    net: Net,
    opened: set[str],
    network: PandapowerNetwork,
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


def _check_branches(net: Net, place: str, problems: list[Problem]) -> None:
    for line in net.line.itertuples():
        if not line.length_km > 0:
            remedy = "must be above 0 km; use a bus-bus switch for a branch without length"
            problems.append(Problem(place, f"line {line.name}, length_km", line.length_km, remedy))
        for column in ("r_ohm_per_km", "x_ohm_per_km", "c_nf_per_km", "max_i_ka"):
            value = float(getattr(line, column))
            if not (math.isfinite(value) and (value >= 0 or column == "x_ohm_per_km")):
                problems.append(Problem(place, f"line {line.name}, {column}", value, "must be a number, 0 or more"))
        if not line.max_i_ka * line.df > 0:
            column = "max_i_ka" if not line.max_i_ka > 0 else "df"
            remedy = "a rating must be above 0; 99999 for unlimited" if column == "max_i_ka" else "must be above 0"
            problems.append(Problem(place, f"line {line.name}, {column}", getattr(line, column), remedy))
        if line.r_ohm_per_km == 0 and line.x_ohm_per_km == 0:
            remedy = "no impedance; use a bus-bus switch for a branch without one"
            problems.append(Problem(place, f"line {line.name}, x_ohm_per_km", 0.0, remedy))
    for trafo in net.trafo.itertuples():
        rated = trafo.sn_mva > 0 and trafo.df > 0
        if not (rated and trafo.vk_percent > 0 and 0 <= trafo.vkr_percent <= trafo.vk_percent):
            remedy = "needs sn_mva > 0, df > 0 and 0 ≤ vkr_percent ≤ vk_percent, vk_percent > 0"
            problems.append(Problem(place, f"trafo {trafo.name}", None, remedy))
    for trafo in net.trafo3w.itertuples():
        for side in ("hv", "mv", "lv"):
            sn, vk, vkr = (float(getattr(trafo, name.format(side))) for name in _WINDING)
            if not (sn > 0 and vk > 0 and 0 <= vkr <= vk):
                remedy = f"needs sn_{side}_mva > 0 and 0 ≤ vkr_{side}_percent ≤ vk_{side}_percent"
                problems.append(Problem(place, f"trafo3w {trafo.name}", None, remedy))


_WINDING = ("sn_{}_mva", "vk_{}_percent", "vkr_{}_percent")
