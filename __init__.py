"""Relight: a co-simulation testbed for restoring power in distribution networks after a blackout.

Everything that the command line does, from Python: `import relight`. Names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import strategy
    from .controllers.exchange.plan import Plan
    from .controllers.strategies.strategy import StrategyError
    from .results.new_folder import FolderNotEmpty
    from .results.run.read import IncompleteRun, NotARun
    from .scenarios.case import Case
    from .scenarios.errors import RelightError
    from .scenarios.reading.problems import ScenarioError
    from .sim.campaigns.compare import DuplicateRunError
    from .sim.campaigns.run import RunFailedError
    from .sim.campaigns.study import StudyInterrupted
    from .sim.library.cases import explain, load, shipped
    from .sim.library.comparisons import Comparison, compare
    from .sim.library.plans import plan, validate
    from .sim.library.runs import Run, read_run, run
    from .sim.library.studies import StudyResult, study
    from .sim.power_flow.protocol import EngineUnavailable
    from .sim.validation.verdict import Verdict

    __version__: str

__all__ = [
    "Case",
    "Comparison",
    "DuplicateRunError",
    "EngineUnavailable",
    "FolderNotEmpty",
    "IncompleteRun",
    "NotARun",
    "Plan",
    "RelightError",
    "Run",
    "RunFailedError",
    "ScenarioError",
    "StrategyError",
    "StudyInterrupted",
    "StudyResult",
    "Verdict",
    "__version__",
    "compare",
    "explain",
    "load",
    "plan",
    "read_run",
    "run",
    "shipped",
    "strategy",
    "study",
    "validate",
]

_HOMES = {
    ".controllers.exchange.plan": ("Plan",),
    ".controllers.strategies.strategy": ("StrategyError",),
    ".results.new_folder": ("FolderNotEmpty",),
    ".results.run.read": ("IncompleteRun", "NotARun"),
    ".scenarios.case": ("Case",),
    ".scenarios.errors": ("RelightError",),
    ".scenarios.reading.problems": ("ScenarioError",),
    ".sim.campaigns.compare": ("DuplicateRunError",),
    ".sim.campaigns.run": ("RunFailedError",),
    ".sim.campaigns.study": ("StudyInterrupted",),
    ".sim.library.cases": ("explain", "load", "shipped"),
    ".sim.library.comparisons": ("Comparison", "compare"),
    ".sim.library.plans": ("plan", "validate"),
    ".sim.library.runs": ("Run", "read_run", "run"),
    ".sim.library.studies": ("StudyResult", "study"),
    ".sim.power_flow.protocol": ("EngineUnavailable",),
    ".sim.validation.verdict": ("Verdict",),
}
"""Module → names that it defines; a test compares them with the imports above."""


def __dir__() -> list[str]:
    return list(__all__)


if not TYPE_CHECKING:  # a type checker then knows every name, and none besides

    def __getattr__(name: str) -> Any:
        from importlib import import_module, metadata

        if name == "__version__":
            value = metadata.version("relight")
        elif name == "strategy":
            value = import_module(".strategy", __name__)
        elif home := next((home for home, names in _HOMES.items() if name in names), None):
            value = getattr(import_module(home, __name__), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value
