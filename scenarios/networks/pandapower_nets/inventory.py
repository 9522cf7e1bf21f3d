"""Every table and column of a pandapower net that carries physics, and what becomes of it: the one place that says so.

From here come refusals, what ``relight check`` tells, and the page docs/networks.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

Fate = Literal["modelled", "refused", "told", "no physics"]
"""told: left out, and ``relight check`` says so; no physics: nothing that a balanced power flow would notice."""


@dataclass(frozen=True)
class Column:
    """A column beside those that are modelled. ``text``: the remedy, or what its absence may change.

    A cell that is empty or holds one of ``silent`` says nothing.
    """

    fate: Fate
    text: str = ""
    silent: tuple[object, ...] = ()

    def speaks(self, value: Any) -> bool:
        if value is None or type(value).__name__ == "NAType" or (isinstance(value, float) and math.isnan(value)):
            return False
        return value != "" and value not in self.silent


@dataclass(frozen=True)
class Table:
    """A kind of element: its plural, what becomes of it, and in which words; ``modelled``: columns that are read."""

    word: str
    fate: Fate
    text: str
    modelled: tuple[str, ...] = ()
    others: Mapping[str, Column] = field(default_factory=lambda: MappingProxyType({}))


def _left_out(*columns: str) -> dict[str, Column]:
    return dict.fromkeys(columns, Column("no physics"))


def _told(text: str, silent: Iterable[object], *columns: str) -> dict[str, Column]:
    return dict.fromkeys(columns, Column("told", text, tuple(silent)))


def _refused(remedy: str, silent: Iterable[object], *columns: str) -> dict[str, Column]:
    return dict.fromkeys(columns, Column("refused", remedy, tuple(silent)))


_WHERE = ("name", "bus", "in_service")
_LABELS = _left_out("type", "std_type", "zone", "controllable", "id_q_capability_characteristic", "curve_style")
_LOADING = _told("loading is judged by limits.max_loading_pct, for all alike", (100.0,), "max_loading_percent")
ZIP = tuple(f"const_{kind}{power}_percent" for power in ("_p", "_q", "") for kind in "zi")
"""Shares of a load that go with the square of the voltage and with the voltage; of both powers in older files."""
_TAP = ("tap_side", "tap_neutral", "tap_step_percent", "tap_step_degree", "tap_pos", "tap_changer_type")
_TAPS = {
    **_left_out("tap_min", "tap_max", "oltc", "id_characteristic_table"),
    **_refused("a tap changer by table is not modelled; give it a Ratio", (False, 0), "tap_dependency_table"),
    **_refused("an impedance that follows the tap is not modelled; set False", (False, 0), "tap_dependent_impedance"),
    **_refused("old form of a net; write it again with pandapower 3", (False, 0), "tap_phase_shifter"),
    **_refused("a second tap changer is not modelled; put its ratio into vn_hv_kv", (), "tap2_pos"),
    **_left_out(
        "tap2_side", "tap2_neutral", "tap2_min", "tap2_max", "tap2_step_percent", "tap2_step_degree",
        "tap2_changer_type", "vk_percent_characteristic",
        "vkr_percent_characteristic", "tap2_phase_shifter",
    ),
}  # fmt: skip
_ASLEEP = "off throughout unless a unit of the scenario names it, by element: {table}.0 or by its name"
_UNIT_COLUMNS = {
    **_LABELS,
    **_left_out(
        "min_q_mvar", "max_q_mvar", "min_p_mw", "reactive_capability_curve", "current_source", "soc_percent",
        "min_e_mwh", "max_e_mwh", "vm_pu", "slack_weight", "power_station_trafo", "k", "rx", "kappa", "lrc_pu",
        "generator_type", "xdss_pu", "rdss_ohm", "cos_phi", "pg_percent", "vn_kv", "max_ik_ka",
    ),
}  # fmt: skip
_PHASES = tuple(f"{pq}_{phase}_{unit}" for phase in "abc" for pq, unit in (("p", "mw"), ("q", "mvar")))
_RATED_PHASES = _left_out("sn_a_mva", "sn_b_mva", "sn_c_mva", "sn_mva")
_CURRENT = "direct-current elements are not modelled; replace them by loads and units on the alternating side"

TABLES: dict[str, Table] = {
    "bus": Table(
        "buses", "modelled", "as they are; places serve weather and drawings", ("name", "vn_kv", "in_service", "geo"),
        {
            **_LABELS,
            **_told("voltage is judged by the scenario's limits, at all buses alike", (), "min_vm_pu", "max_vm_pu"),
        },
    ),
    "line": Table(
        "lines", "modelled", "as they are, shunt conductance and capacitance included",
        ("name", "from_bus", "to_bus", "length_km", "r_ohm_per_km", "x_ohm_per_km", "c_nf_per_km", "g_us_per_km",
         "max_i_ka", "df", "parallel", "in_service"),
        {
            **_LABELS, **_LOADING,
            **_left_out("geo", "r0_ohm_per_km", "x0_ohm_per_km", "c0_nf_per_km", "g0_us_per_km", "endtemp_degree",
                        "alpha", "temperature_degree_celsius", "tdpf"),
        },
    ),
    "trafo": Table(
        "two-winding transformers", "modelled", "with ratio, tap, iron losses; loaded by their rated currents",
        ("name", "hv_bus", "lv_bus", "sn_mva", "vn_hv_kv", "vn_lv_kv", "vk_percent", "vkr_percent", "pfe_kw",
         "i0_percent", "shift_degree", *_TAP, "parallel", "df", "in_service"),
        {
            **_LABELS, **_LOADING, **_TAPS,
            **_left_out("vector_group", "vk0_percent", "vkr0_percent", "mag0_percent", "mag0_rx", "si0_hv_partial",
                        "xn_ohm", "leakage_resistance_ratio_hv", "leakage_reactance_ratio_hv", "power_station_unit"),
        },
    ),
    "trafo3w": Table(
        "three-winding transformers", "modelled", "as three transformers at a star point, each with its rating",
        ("name", "hv_bus", "mv_bus", "lv_bus", "sn_hv_mva", "sn_mv_mva", "sn_lv_mva", "vn_hv_kv", "vn_mv_kv",
         "vn_lv_kv", "vk_hv_percent", "vk_mv_percent", "vk_lv_percent", "vkr_hv_percent", "vkr_mv_percent",
         "vkr_lv_percent", "pfe_kw", "i0_percent", "shift_mv_degree", "shift_lv_degree", *_TAP, "in_service"),
        {
            **_LABELS, **_LOADING, **_TAPS,
            **_refused("a tap at the star point is not modelled; put it at one side", (False, 0), "tap_at_star_point"),
            **_refused("iron losses are modelled at the high-voltage side; leave the column out", ("hv",), "loss_side"),
            **_left_out("vector_group", "vk0_hv_percent", "vk0_mv_percent", "vk0_lv_percent", "vkr0_hv_percent",
                        "vkr0_mv_percent", "vkr0_lv_percent", "power_station_unit"),
        },
    ),
    "impedance": Table(
        "impedances", "modelled", "as lines between equal voltages, else as transformers; never overloaded",
        ("name", "from_bus", "to_bus", "rft_pu", "xft_pu", "rtf_pu", "xtf_pu", "gf_pu", "bf_pu", "gt_pu", "bt_pu",
         "sn_mva", "in_service"),
        {
            **_LABELS,
            **_left_out("r_pu", "x_pu", "rft0_pu", "xft0_pu", "rtf0_pu", "xtf0_pu", "gf0_pu", "bf0_pu", "gt0_pu",
                        "bt0_pu"),
        },
    ),
    "switch": Table(
        "switches", "modelled",
        "between buses as branches without impedance; at a line or transformer they make it switchable as a whole",
        ("name", "bus", "element", "et", "closed"),
        {
            **_LABELS,
            **_refused("must be 0 for a switch between buses; model it as a line", (0.0,), "z_ohm"),
            **_told("rated currents of switches are not checked", (0.0,), "in_ka"),
        },
    ),
    "load": Table(
        "loads", "modelled", "peaks by bus, with their shares of constant current and impedance",
        (*_WHERE, "p_mw", "q_mvar", "scaling", "profile", *ZIP),
        {
            **_LABELS,
            **_left_out("sn_mva", "min_p_mw", "max_p_mw", "min_q_mvar", "max_q_mvar"),
        },
    ),
    "asymmetric_load": Table(
        "asymmetric loads", "modelled", "their phases summed: unbalance is not seen", (*_WHERE, *_PHASES, "scaling"),
        {**_LABELS, **_RATED_PHASES},
    ),
    "motor": Table(
        "motors", "modelled", "as constant power; their starting currents are not seen",
        (*_WHERE, "pn_mech_mw", "loading_percent", "cos_phi", "efficiency_percent", "scaling"),
        {**_LABELS, **_left_out("cos_phi_n", "efficiency_n_percent", "lrc_pu", "vn_kv", "rx")},
    ),
    "ward": Table(
        "wards", "modelled", "their constant power as load, their constant impedance as a shunt",
        (*_WHERE, "ps_mw", "qs_mvar", "pz_mw", "qz_mvar"), _LABELS,
    ),
    "shunt": Table(
        "shunts", "modelled", "draw with the square of the voltage, whenever their bus is energised",
        (*_WHERE, "p_mw", "q_mvar", "vn_kv", "step"),
        {
            **_LABELS, **_left_out("max_step", "id_characteristic_table", "scaling"),
            **_refused("steps by table are not modelled; give p_mw and q_mvar", (False, 0), "step_dependency_table"),
        },
    ),
    "ext_grid": Table(
        "external grids", "modelled",
        "as infeeds, rated by max_p_mw, else by their transformers where nothing else leads away from them",
        (*_WHERE, "vm_pu", "max_p_mw"),
        {
            **_LABELS,
            **_left_out("va_degree", "slack_weight", "s_sc_max_mva", "s_sc_min_mva", "rx_max", "rx_min", "x0x_max",
                        "x0x_min", "r0x0_max", "r0x0_min"),
            **_told("only the rating of an infeed bounds what it takes or gives", (), "min_p_mw", "min_q_mvar",
                    "max_q_mvar"),
        },
    ),
    "gen": Table(
        "generators", "told", _ASLEEP.format(table="gen") + "; one with slack is an infeed",
        (*_WHERE, "p_mw", "sn_mva", "max_p_mw", "slack", "scaling"), _UNIT_COLUMNS,
    ),
    "sgen": Table(
        "static generators", "told", _ASLEEP.format(table="sgen"),
        (*_WHERE, "p_mw", "q_mvar", "sn_mva", "max_p_mw", "scaling"), _UNIT_COLUMNS,
    ),
    "storage": Table(
        "storages", "told", _ASLEEP.format(table="storage"),
        (*_WHERE, "p_mw", "q_mvar", "sn_mva", "max_p_mw", "scaling"), _UNIT_COLUMNS,
    ),
    "asymmetric_sgen": Table(
        "asymmetric static generators", "told", _ASLEEP.format(table="asymmetric_sgen"),
        (*_WHERE, *_PHASES, "scaling"), {**_UNIT_COLUMNS, **_RATED_PHASES},
    ),
    "xward": Table("extended wards", "refused", "they hold a voltage; replace them by wards, or by a unit"),
    "svc": Table("static var compensators", "refused", "they hold a voltage; replace them by shunts"),
    "ssc": Table("static synchronous compensators", "refused", "they hold a voltage; replace them by shunts"),
    "tcsc": Table("controlled series capacitors", "refused", "they control a flow; replace them by impedances"),
    "dcline": Table("direct-current lines", "refused", "replace them by a load at one end and a unit at the other"),
    **{
        table: Table(word, "refused", _CURRENT)
        for table, word in (
            ("line_dc", "lines of direct current"), ("load_dc", "loads of direct current"),
            ("source_dc", "sources of direct current"), ("vsc", "voltage-source converters"),
            ("b2b_vsc", "back-to-back converters"), ("vsc_stacked", "stacked converters"),
            ("vsc_bipolar", "bipolar converters"),
        )
    },
    "controller": Table("controllers", "told", "not carried out: taps, set-points and profiles stay as they are"),
    **{
        table: Table(table, "no physics", "")
        for table in (
            "measurement", "poly_cost", "pwl_cost", "group", "bus_geodata", "line_geodata", "bus_dc", "characteristic",
            "trafo_characteristic_table", "shunt_characteristic_table", "q_capability_characteristic",
            "q_capability_curve_table", "protection",
        )
    },
}  # fmt: skip
"""By name in the net, in the order in which they are told."""
UNKNOWN = Table("elements", "refused", "elements of this kind are not modelled; take them out, or out of service")
_TERMINALS = frozenset({"bus", "from_bus", "hv_bus", "buses", "bus_dc", "from_bus_dc"})


def table_of(net: Any, name: str) -> Table | None:
    """What becomes of a table of the net; None if it is no table of elements at all."""
    if name.startswith(("res_", "_")) or not hasattr(net[name], "columns"):
        return None
    if name in TABLES:
        return TABLES[name]
    return UNKNOWN if _TERMINALS & set(net[name].columns) else None


def columns_that_speak(frame: Any, table: Table) -> Iterator[tuple[str, Column, list[Any]]]:
    """Columns of elements that are not modelled and hold something, each with the elements where it does."""
    for name, column in table.others.items():
        if column.fate != "no physics" and name in frame.columns:
            rows = [index for index, value in frame[name].items() if column.speaks(value)]
            if rows:
                yield name, column, rows


def unknown_columns(frame: Any, table: Table) -> list[str]:
    """Columns that the inventory does not know."""
    if table.fate == "no physics" or table is UNKNOWN or not table.modelled:
        return []
    return sorted(str(name) for name in set(frame.columns) - set(table.modelled) - set(table.others))
