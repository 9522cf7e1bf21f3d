"""The schema of summary.json, for ``relight schema summary``; what each number means stands in
relight.results.run.summary."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from ...scenarios.kinds.violations import ViolationKind


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EnergyBySource(_Part):
    """Energies in MWh; charge and start-up as positive consumption."""

    pv: float = Field(description="Output of PV.")
    ess_discharge: float = Field(description="Given by storage.")
    ess_charge: float = Field(description="Taken up by storage.")
    nbsu: float = Field(description="Output of NBSUs on line.")
    nbsu_startup: float = Field(description="Drawn by NBSUs that start.")
    infeed: float = Field(description="Net, from the upstream grid.")
    losses: float = Field(description="Of lines and transformers, by AC power flow.")
    voltage_effect: float | None = Field(
        default=None, description="Drawn by loads beyond their demand; only where loads go with the voltage."
    )
    pv_curtailed: float = Field(description="Available to PV on line, and not used.")
    ess_losses: float | None = Field(
        default=None, description="Lost by storage, charging and discharging; only where storage loses energy."
    )


class AcVerdict(_Part):
    """Counts of what the AC power flow said."""

    steps: int = Field(description="Simulation steps recorded.")
    dark_steps: int = Field(description="Steps without any energised local area.")
    converged: int = Field(description="Steps in which no island's power flow failed.")
    island_verdicts: int = Field(description="Judged pairs of step and island.")
    violated_steps: int = Field(description="Steps with at least one violation.")
    violations_by_kind: dict[ViolationKind, int] = Field(description="Rows of violations.csv by kind.")


class PlanQuality(_Part):
    """How many plans, and how good."""

    count: int = Field(description="Plans issued.")
    worst_gap: float | None = Field(
        description="Largest |bound − objective| / |objective|; null without plans, or where a plan's is undefined: "
        "no bound named (plans made by a rule), or objective 0, bound not."
    )
    all_proven: bool = Field(description="Every plan is optimal within the asked gap.")
    rejected: int = Field(
        default=0, description="Plans whose first version their own check rejected (dispatch_centre.verify)."
    )
    first_plan_energy_mwh: float | None = Field(description="Null where no plan names local areas.")
    cut_by_clock: int = Field(
        default=0, description="Plannings that a time limit stopped in part; unless 0 the run depends on the machine."
    )


class Summary(_Part):
    """What a run achieved. Energies are MWh; demand, planned and served of the outage area and window only."""

    scenario: str = Field(description="Its name.")
    strategy: str = Field(description="Its name.")
    seed: int = Field(description="Of the run.")
    status: str = Field(description="complete, or failed.")
    demand_energy_mwh: float = Field(description="What customers would have taken.")
    planned_energy_mwh: float = Field(description="What the plan in force said it serves, moment by moment.")
    served_energy_mwh: float = Field(description="What was served.")
    weighted_served_energy_mwh: float = Field(description="The same, each area times its priority.")
    objective_mwh: float = Field(
        description="The same at the prices of the scenario's objective: less operations and interruptions, plus "
        "supply that came early."
    )
    cold_load_energy_mwh: float | None = Field(
        default=None, description="Part of demand and served energy; only with cold load pick-up in the scenario."
    )
    unserved_energy_mwh: float = Field(description="Demand less served.")
    shed_energy_mwh: float = Field(description="Unserved on a live bus.")
    planned_not_served_energy_mwh: float = Field(description="Sum of the excess wherever planned exceeded served.")
    served_outside_area_energy_mwh: float = Field(description="Of customers that had not lost supply.")
    unserved_outside_area_energy_mwh: float = Field(description="Taken from customers that had not lost supply.")
    energy_mwh: EnergyBySource = Field(description="Of the whole network.")
    switch_operations: int = Field(description="Operations of field terminals.")
    interruptions: int = Field(description="Areas that were served and then not, each time counted.")
    ac: AcVerdict = Field(description="What the AC power flow said.")
    plans: PlanQuality = Field(description="The plans issued.")
    messages: dict[str, int] = Field(description="Number of messages by status.")
