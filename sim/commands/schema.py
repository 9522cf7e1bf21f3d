"""``relight schema``: the command alone; all that computes is imported when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from ...scenarios.errors import InputError


def schema(what: Annotated[str, typer.Argument(metavar="scenario|plan|study|summary", help="Which kind.")]) -> None:
    """Print the JSON Schema of a kind of file."""
    import json

    from ...controllers.exchange.plan import Plan
    from ...results.run.summary_schema import Summary
    from ...scenarios.schema.scenario import Scenario as ScenarioSchema
    from ...scenarios.studies.schema import Study

    models = {"scenario": ScenarioSchema, "plan": Plan, "study": Study, "summary": Summary}
    if what not in models:
        raise InputError(f"no schema {what!r}; there are: {', '.join(models)}")
    typer.echo(json.dumps(models[what].model_json_schema(), indent=1, ensure_ascii=False))
