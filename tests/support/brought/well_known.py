"""Networks that others publish, and for which two scenarios each ship."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import pytest


@dataclass(frozen=True)
class Network:
    """The folder of its scenarios, what ``relight init`` calls it, and whether it is small enough for ``make test``."""

    folder: str
    source: str
    small: bool = False

    @property
    def simbench(self) -> bool:
        return self.folder.startswith("simbench")

    def net(self) -> Any:
        """The plain net, as its package makes it."""
        if self.simbench:
            import simbench

            return simbench.get_simbench_net(self.source)
        import pandapower.networks as networks

        return getattr(networks, self.source)()


NETWORKS = (
    Network("case33bw", "case33bw", small=True),
    Network("cigre_mv", "create_cigre_network_mv", small=True),
    Network("mv_oberrhein", "mv_oberrhein"),
    Network("lv_schutterwald", "lv_schutterwald"),
    *(Network(f"simbench_{kind}", f"1-MV-{kind}--0-sw") for kind in ("rural", "semiurb", "urban", "comm")),
)
OUTAGES = ("first-line", "infeeds-dead")
"""Scenarios of each."""
_NO_SIMBENCH = pytest.mark.skipif(find_spec("simbench") is None, reason="needs relight[simbench]")


def marked(networks: Iterable[Network]) -> list[Any]:
    """As parameters of a test."""
    return [pytest.param(one, id=one.folder, marks=_marks(one)) for one in networks]


def marks_of(scenario: str) -> list[Any]:
    """Of a shipped scenario, by name."""
    return next((_marks(one) for one in NETWORKS if one.folder == scenario.split("/")[0]), [])


def _marks(network: Network) -> list[Any]:
    """The large ones are slow, those of SimBench need it."""
    return [*([] if network.small else [pytest.mark.slow]), *([_NO_SIMBENCH] if network.simbench else [])]
