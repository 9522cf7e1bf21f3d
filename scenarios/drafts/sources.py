"""What a draft can be made from: a file of pandapower, or a network that a package holds, by name."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ..reading.other_kinds import is_network
from ..reading.problems import Problem, ScenarioError, listed, meant
from ..schema.network_kinds import Network, PandapowerFunction, PandapowerJson, SimbenchNetwork

FUNCTIONS: Mapping[str, str] = MappingProxyType({
    "case33bw": "33 buses, 12.66 kV, Baran and Wu",
    "create_cigre_network_hv": "CIGRE benchmark, high voltage",
    "create_cigre_network_lv": "CIGRE benchmark, low voltage",
    "create_cigre_network_mv": "CIGRE benchmark, medium voltage",
    "create_kerber_dorfnetz": "Kerber, village, low voltage",
    "create_kerber_landnetz_freileitung_1": "Kerber, rural overhead lines, low voltage",
    "create_kerber_landnetz_freileitung_2": "Kerber, rural overhead lines, low voltage",
    "create_kerber_landnetz_kabel_1": "Kerber, rural cables, low voltage",
    "create_kerber_landnetz_kabel_2": "Kerber, rural cables, low voltage",
    "create_kerber_vorstadtnetz_kabel_1": "Kerber, suburb, low voltage",
    "create_kerber_vorstadtnetz_kabel_2": "Kerber, suburb, low voltage",
    "example_simple": "small example of pandapower",
    "lv_schutterwald": "Schutterwald, low voltage, about 2,900 buses",
    "mv_oberrhein": "Oberrhein, medium voltage, about 180 buses",
    "simple_mv_open_ring_net": "open ring, medium voltage",
})  # fmt: skip
"""Networks of pandapower.networks that a distribution operator might have, by function."""

SIMBENCH: Mapping[str, str] = MappingProxyType({
    "1-MV-rural--0-sw": "SimBench, rural, medium voltage (needs relight[simbench])",
    "1-MV-semiurb--0-sw": "SimBench, semi-urban, medium voltage",
    "1-MV-urban--0-sw": "SimBench, urban, medium voltage",
    "1-MV-comm--0-sw": "SimBench, commercial, medium voltage",
    "1-LV-rural1--0-sw": "SimBench, rural, low voltage; rural2 and rural3 too",
    "1-LV-semiurb4--0-sw": "SimBench, semi-urban, low voltage; semiurb5 too",
    "1-LV-urban6--0-sw": "SimBench, urban, low voltage",
})  # fmt: skip
"""The most used codes of SimBench; a draft can be made from any."""
_CODE = re.compile(r"1-(?:EHV|HV|MV|LV)\w*-[\w.]+-[\w.]*-[012]-(?:no_)?sw")


@dataclass(frozen=True)
class DraftSource:
    """A network to draft a scenario for: ``given`` as a mapping for its YAML, ``network`` as read, ``name`` for people,
    and where and when it may be."""

    name: str
    given: Mapping[str, str]
    network: Network
    start: str = "2025-06-20T10:00"


def source_of(text: str, folder: Path) -> DraftSource:
    """A file or a code; a file's name is relative to ``folder``, where the scenario will be.

    Raises ScenarioError for what is neither.
    """
    path = Path(text)
    if text in FUNCTIONS and not path.is_file():
        given = {"kind": "function", "function": text}
        return DraftSource(text, given, PandapowerFunction.model_validate(given))
    if _CODE.fullmatch(text) and not path.is_file():
        code = {"kind": "simbench", "code": text}
        return DraftSource(f"SimBench {text}", code, SimbenchNetwork.model_validate(code), start="2016-06-17T10:00")
    if path.is_dir():
        raise ScenarioError([Problem(text, "", None, "this is a folder; name a file written by pandapower.to_json")])
    if not path.is_file():
        near = meant(text, [*FUNCTIONS, *SIMBENCH])
        remedy = f"no such file, and no network that relight list --kind networks names{near}"
        raise ScenarioError([Problem(text, "", None, remedy)])
    if not is_network(path):
        remedy = f"not a net written by pandapower.to_json; or name one of {listed(FUNCTIONS, 4)}"
        raise ScenarioError([Problem(text, "", None, remedy)])
    given = {"kind": "json", "file": _seen_from(folder, path)}
    return DraftSource(path.stem, given, PandapowerJson.model_validate(given))


def _seen_from(folder: Path, path: Path) -> str:
    """The file's name as the scenario gives it: by a relative way, but to another drive."""
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:
        return path.resolve().as_posix()
