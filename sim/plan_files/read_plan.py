"""Reading plans of any origin: a JSON file in the plan's schema, or a CSV switching sheet; every problem at once."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ...controllers.exchange.plan import Plan, PlanStep, with_times
from ...scenarios.case import Case
from ...scenarios.reading.files import is_regular, read_text, why_unreadable
from ...scenarios.reading.other_kinds import NETWORK, STRATEGY, is_network
from ...scenarios.reading.problems import Problem, ScenarioError, listed, no_such
from ...scenarios.reading.wording import in_plain_words
from .switching_sheet import read_switching_sheet

_EPS_MIN = 1e-6
MOST_KW = 1e10
MOST_DIGITS = 300
"""of a whole number; floats end at 308, and Python refuses to read some thousand"""


class PlanError(ScenarioError):
    """A plan file is wrong; ``problems`` lists everything found, ``str()`` prints one problem per line."""


class _Repeated(dict[str, Any]):
    """An object of JSON in which keys appear more than once; the last value of each counts."""

    repeated: list[str]


def read_plan(path: Path, case: Case) -> Plan:
    """Read and check a plan for a case: JSON, or a switching sheet if the name ends in ``.csv``.

    Raises ``PlanError`` with every problem found.
    """
    problems: list[Problem] = []
    if is_regular(path) and (remedy := _other_kind(path)):
        raise PlanError([Problem(path.name, "", None, remedy)])
    text = _read_text(path)
    if path.suffix.lower() == ".csv":
        plan = read_switching_sheet(text, path.name, case, problems)
    else:
        plan = _read_json(text, path.name, case, problems)
    if problems or plan is None:
        raise PlanError(problems)
    return plan


def check_plan(plan: Plan, case: Case) -> None:
    """Raise ``PlanError`` unless a plan made in Python names what the case has, within its window."""
    steps, window_min = dict(enumerate(plan.steps)), float(case.scenario.outage.duration_min)
    problems = [*_unknown_ids(case, steps, "plan"), *_beyond_all_power(steps, "plan")]
    problems += _wrong_times(None, [step.start_min for step in plan.steps], window_min, "plan")
    problems += _wrong_end(plan.end_min, None, plan.steps[-1], window_min, "plan")
    if problems:
        raise PlanError(problems)


def _other_kind(path: Path) -> str:
    """What a file is that is plainly no plan."""
    if path.suffix.lower() in (".yaml", ".yml"):
        return "this is YAML; a plan is JSON, or a switching sheet in CSV, and the scenario is named by --scenario"
    if path.suffix.lower() == ".py":
        return STRATEGY
    return NETWORK if is_network(path) else ""


def _read_text(path: Path) -> str:
    try:
        return read_text(path, encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise PlanError([Problem(str(path), "", None, "no such file")]) from error
    except (OSError, ValueError) as error:
        remedy = f"cannot be read as text in UTF-8: {why_unreadable(error)}"
        raise PlanError([Problem(str(path), "", None, remedy)]) from error


def _read_json(text: str, file: str, case: Case, problems: list[Problem]) -> Plan | None:
    try:
        data = json.loads(text, object_pairs_hook=_object, parse_int=_integer)
    except (json.JSONDecodeError, RecursionError) as error:
        where = f"line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        what = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
        problems.append(Problem(file, where, None, f"not JSON: {what}"))
        return None
    if not isinstance(data, dict):
        problems.append(Problem(file, "", data, "must be an object with steps; see relight schema plan"))
        return None
    problems.extend(_repeated(data, "", file))
    window_min = float(case.scenario.outage.duration_min)
    stated_min = data.get("step_min")
    data = with_times(data, window_min)
    head = {key: value for key, value in data.items() if key != "steps"}
    stand_in = [{"start_min": 0.0, "closed_branches": []}]
    problems.extend(_complaints(Plan, {**head, "steps": stand_in}, file, "", known=Plan.model_fields))
    steps, names_of = _steps(data.get("steps"), file, problems)
    problems.extend(_unknown_ids(case, names_of, file))
    problems.extend(_beyond_all_power(steps, file))
    whole = isinstance(data.get("steps"), list) and len(steps) == len(data["steps"])
    if steps and whole:
        problems.extend(_wrong_times(stated_min, [step.start_min for step in steps.values()], window_min, file))
        problems.extend(_wrong_end(data.get("end_min"), stated_min, list(steps.values())[-1], window_min, file))
    return None if problems else Plan.model_validate(data)


def _integer(digits: str) -> int | float:
    """A whole number; infinity, which later checks refuse by field, where it is beyond what a float can hold."""
    return int(digits) if len(digits) <= MOST_DIGITS else math.copysign(math.inf, -1 if digits[0] == "-" else 1)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    keys = [key for key, _ in pairs]
    marked = _Repeated(found)
    marked.repeated = list(dict.fromkeys(key for key in keys if keys.count(key) > 1))
    return marked


def _repeated(value: Any, place: str, file: str) -> Iterable[Problem]:
    """Keys that appear twice, anywhere."""
    if isinstance(value, _Repeated):
        for key in value.repeated:
            yield Problem(file, _join(place, key), None, "this key appears twice; keep one")
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _repeated(inner, _join(place, key), file)
    elif isinstance(value, list):
        for k, inner in enumerate(value):
            yield from _repeated(inner, f"{place}[{k}]", file)


def _steps(raw: Any, file: str, problems: list[Problem]) -> tuple[dict[int, PlanStep], dict[int, PlanStep]]:
    """Steps that are right in themselves, by number; and every step with those of its parts that are."""
    if not isinstance(raw, list) or not raw:
        remedy = "missing; a plan holds at least one step" if not raw else "must be a list of steps"
        problems.append(Problem(file, "steps", raw if raw not in (None, []) else None, remedy))
        return {}, {}
    right: dict[int, PlanStep] = {}
    parts: dict[int, PlanStep] = {}
    for k, step in enumerate(raw):
        wrong = list(_complaints(PlanStep, step, file, f"steps[{k}]", known=PlanStep.model_fields))
        problems.extend(wrong)
        if not wrong:
            right[k] = parts[k] = PlanStep.model_validate(step)
        elif isinstance(step, dict):
            parts[k] = PlanStep.model_validate(_without_mistakes(step))
    return right, parts


def _without_mistakes(step: dict[str, Any]) -> dict[str, Any]:
    """The step without its wrong keys and values, so that the names in the rest can be looked at; never for use."""
    kept: dict[str, Any] = {"start_min": 0.0, "closed_branches": []}
    for key, value in step.items():
        alone = {**kept, key: value}
        kept = kept if any(_complaints(PlanStep, alone, "", "", known=())) else alone
    return kept


def _complaints(model: type[Any], data: Any, file: str, place: str, known: Iterable[str]) -> Iterable[Problem]:
    """Pydantic's complaints in our words."""
    try:
        TypeAdapter(model).validate_python(data)
    except ValidationError as error:
        for item in error.errors():
            where = place
            for key in item["loc"]:
                where = f"{where}[{key}]" if isinstance(key, int) else _join(where, str(key))
            remedy = in_plain_words(item)
            if item["type"] == "extra_forbidden":
                remedy = "unknown key" + (f"; known keys: {listed(known, 20)}" if len(item["loc"]) == 1 else "")
            value = None if item["type"] == "missing" or isinstance(item["input"], dict | list) else item["input"]
            yield Problem(file, where, value, remedy)


def _unknown_ids(case: Case, steps: Mapping[int, PlanStep], file: str) -> Iterable[Problem]:
    """Ids that the network does not hold, each told once, and ids named twice."""
    view = case.view
    unknown: dict[tuple[str, str], list[int]] = {}
    known = {
        "closed_branches": ("branch", view.branches),
        "energised_buses": ("bus", view.buses),
        "balance_units": ("unit", view.units),
        "local_areas": ("local area", view.local_areas),
        "units": ("unit", view.units),
    }
    for k, step in steps.items():
        for field, (what, ids) in known.items():
            names = list(getattr(step, field) or ())
            count = Counter(names)
            for name in count:
                if name not in ids:
                    unknown.setdefault((field, name), []).append(k)
                elif count[name] > 1:
                    yield Problem(file, f"steps[{k}].{field}", name, f"this {what} is named twice; once is enough")
        for la, area in step.local_areas.items():
            if area.demand_kw is not None and area.demand_kw < 0:
                yield Problem(file, f"steps[{k}].local_areas.{la}.demand_kw", area.demand_kw, "must be 0 or more")
    for (field, name), places in unknown.items():
        what, ids = known[field]
        again = f" (in {len(places)} steps)" if len(places) > 1 else ""
        yield Problem(file, f"steps[{places[0]}].{field}", name, no_such(f"{what}{again}", name, ids))


def _beyond_all_power(steps: Mapping[int, PlanStep], file: str) -> Iterable[Problem]:
    """Powers whose squares a power flow could not hold."""
    for k, step in steps.items():
        for field, parts in (("local_areas", step.local_areas), ("units", step.units)):
            for name, part in parts.items():
                for key, value in part.model_dump().items():
                    if isinstance(value, float) and abs(value) > MOST_KW:
                        remedy = f"is beyond {MOST_KW:g} kW, more than there is; powers are in kW and kvar"
                        yield Problem(file, f"steps[{k}].{field}.{name}.{key}", value, remedy)


def _wrong_times(stated_min: Any, starts: list[float], window_min: float, file: str) -> Iterable[Problem]:
    """Steps out of order, overlapping or missing, by the ``step_min`` stated (None: any length is right); outside the
    window. The first step may be shorter: it may begin between two plan steps."""
    step_min = _length(stated_min)
    for k, (before, start) in enumerate(itertools.pairwise(starts), start=1):
        field = f"steps[{k}].start_min"
        if start < before:
            yield Problem(file, field, start, f"out of order: the step before starts at minute {before:g}")
        elif start == before:
            yield Problem(file, field, start, "overlaps the step before, which starts at the same minute")
        elif step_min and start - before > step_min + _EPS_MIN:
            gap = f"minutes {before + step_min:g} to {start:g} are missing: step_min is {step_min:g}"
            yield Problem(file, field, start, gap)
        elif step_min and k > 1 and start - before < step_min - _EPS_MIN:
            remedy = f"overlaps the step before, which lasts from minute {before:g} to {before + step_min:g}"
            yield Problem(file, field, start, remedy)
    for k, start in enumerate(starts):
        if not 0 <= start < window_min:
            remedy = f"must lie in the outage window, minutes 0 to {window_min:g}"
            yield Problem(file, f"steps[{k}].start_min", start, remedy)


def _wrong_end(end_min: Any, stated_min: Any, last: PlanStep, window_min: float, file: str) -> Iterable[Problem]:
    end, step_min = _number(end_min), _length(stated_min)
    if end is None or not 0 <= last.start_min < window_min:
        return
    if end > window_min + _EPS_MIN:
        remedy = f"the plan must end within the outage window, by minute {window_min:g}"
        yield Problem(file, "end_min", end, remedy)
    elif end <= last.start_min:
        yield Problem(file, "end_min", end, f"must lie after the last step's start, minute {last.start_min:g}")
    elif step_min and end - last.start_min > step_min + _EPS_MIN:
        gap = f"minutes {last.start_min + step_min:g} to {end:g} are missing: step_min is {step_min:g}"
        yield Problem(file, "end_min", end, gap)


def _length(value: Any) -> float | None:
    """A positive number of minutes; None for anything else, which other checks speak of."""
    number = _number(value)
    return number if number is not None and number > 0 else None


def _number(value: Any) -> float | None:
    right = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if right else None


def _join(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key
