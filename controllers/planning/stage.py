"""The two problems of a planning, MILP and dispatch, each built when it is first needed and kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from pyomo.common.gc_manager import PauseGC

from ..milp.model import Model, build_model
from ..milp.problem import AreaGraph
from ..milp.second_stage import build_dispatch
from ..milp.stricter_limits import Form
from ..solver.highs import KeptSolver


@dataclass(frozen=True)
class Wanted:
    """What kind of plan is asked for, as long as a planner lives.

    ``steps``: of its longest horizon; ``static``: one topology and one set of sections throughout (D14), with
    ``constant_power`` one power of every unit too; ``growing``: who is restored is kept, with ``closing`` in what
    becomes one topology.
    """

    steps: int
    static: bool = False
    constant_power: bool = False
    growing: bool = False
    closing: bool = False


class Stage:
    """The MILP and the dispatch problem on sections, or ``detailed`` on LAs with voltages, with rows as in ``form``.

    Built with the garbage collector at rest: of the many small objects of a model none goes, and it would look at all
    of them again and again, for half of the time.
    """

    def __init__(self, graph: AreaGraph, wanted: Wanted, detailed: bool, form: Form) -> None:
        self.wanted, self.detailed = wanted, detailed
        self._graph, self._form = graph, form

    @cached_property
    def model(self) -> Model:
        wanted = self.wanted
        with PauseGC():
            return build_model(
                self._graph,
                wanted.steps,
                wanted.static,
                detailed=self.detailed,
                form=self._form,
                constant_power=wanted.constant_power,
                growing=wanted.growing,
                closing=wanted.closing,
            )

    @cached_property
    def solver(self) -> KeptSolver:
        options = self._graph.options
        limits = {"mip_rel_gap": options.mip_gap, "mip_max_nodes": options.node_limit}
        return KeptSolver(self.model, limits | options.solver_options)

    @cached_property
    def dispatch(self) -> KeptSolver:
        wanted = self.wanted
        with PauseGC():
            d = build_dispatch(
                self._graph,
                wanted.steps,
                detailed=self.detailed,
                form=self._form,
                constant_power=wanted.constant_power,
            )
        return KeptSolver(d, {})
