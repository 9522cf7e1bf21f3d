"""Which options of the solver a scenario may set: those that HiGHS takes, but for what is decided elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from ..reading.problems import Problem
from .scenario import Scenario

FIELDS = {
    "mip_rel_gap": "mip_gap",
    "mip_max_nodes": "node_limit",
    "time_limit": "time_limit_s",
}
"""Option → the field of ``dispatch_centre`` that says the same."""
DECIDED = {
    "threads": "plans are made by one thread: HiGHS gives other plans on another number of threads, and none at all "
    "once a process has used two numbers; leave it out",
    "parallel": "plans are made by one thread; leave it out",
    "random_seed": "the solver's seeds are fixed, for the same plan everywhere; leave it out",
    "output_flag": "solves are silent; leave it out",
}
"""Option → why it is not open, and what to do."""
WRITES = ("write_", "read_", "log_", "mip_improving_solution_", "mip_min_logging_", "glpsol_")
"""Beginnings of names of options that write or read files, or print."""


def option_problems(options: Mapping[str, object]) -> dict[str, str]:
    """Option → remedy, for every option that a scenario may not set or that HiGHS refuses."""
    found: dict[str, str] = {}
    for name, value in options.items():
        if name in FIELDS:
            found[name] = f"this belongs to dispatch_centre.{FIELDS[name]}; set it there"
        elif name in DECIDED and not (name == "threads" and value == 1 and not isinstance(value, bool)):
            found[name] = DECIDED[name]
        elif name.startswith(WRITES) or name.endswith("_file"):
            found[name] = "solves read and write no files and print nothing; leave it out (-o writes plans)"
        elif remedy := refused(name, value):
            found[name] = remedy
    return found


def refused(name: str, value: object) -> str:
    """Why HiGHS does not take an option; empty if it does."""
    import highspy  # takes a while, and hardly any scenario sets options

    highs = highspy.Highs()
    highs.setOptionValue("log_to_console", False)
    if highs.getOptionType(name)[0] != highspy.HighsStatus.kOk:
        return "HiGHS has no such option; see its list of options"
    try:
        taken = highs.setOptionValue(name, value) == highspy.HighsStatus.kOk  # pyright: ignore[reportArgumentType]
    except TypeError:
        taken = False
    return "" if taken else "HiGHS does not take this value; see its list of options"


def check_solver_options(scenario: Scenario) -> list[Problem]:
    """A problem for each wrong option of the solver."""
    options = scenario.dispatch_centre.solver_options if scenario.dispatch_centre else {}
    return [
        Problem("", f"dispatch_centre.solver_options.{name}", options[name], remedy)
        for name, remedy in option_problems(options).items()
    ]
