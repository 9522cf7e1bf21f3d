"""The schema of summary.json, for ``relight schema summary``; what each number means stands in results.summary."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EnergyBySource(_Part):
    """Energies in MWh; charge and start-up as positive consumption."""

    pv: float
    ess_discharge: float
    ess_charge: float
    nbsu: float
    nbsu_startup: float
    infeed: float = Field(description="Net, from the upstream grid.")
    losses: float
    pv_curtailed: float


class AcVerdict(_Part):
    """Counts of what the AC power flow said."""

    steps: int = Field(description="Simulation steps recorded.")
    dark_steps: int = Field(description="Steps without any energised local area.")
    converged: int = Field(description="Steps in which no island's power flow failed.")
    island_verdicts: int = Field(description="Judged pairs of step and island.")
    violated_steps: int = Field(description="Steps with at least one violation.")
    violations_by_kind: dict[str, int] = Field(description="Rows of violations.csv by kind.")


class PlanQuality(_Part):
    """How many plans, and how good."""

    count: int
    worst_gap: float | None = Field(
        description="Largest |bound − objective| / |objective|; null without plans, or where a plan's is undefined: "
        "no bound named (plans made by a rule), or objective 0, bound not."
    )
    all_proven: bool = Field(description="Every plan is optimal within the asked gap.")
    rejected: int = Field(
        default=0, description="Plans whose first version their own check rejected (dispatch_centre.verify)."
    )
    first_plan_energy_mwh: float | None = Field(description="Null where no plan names local areas.")


class Summary(_Part):
    """What a run achieved. Energies are MWh; demand, planned and served of the outage area and window only."""

    scenario: str
    strategy: str
    seed: int
    status: str = Field(description="complete, or failed.")
    demand_energy_mwh: float
    planned_energy_mwh: float
    served_energy_mwh: float
    weighted_served_energy_mwh: float
    cold_load_energy_mwh: float | None = Field(
        default=None, description="Part of demand and served energy; only with cold load pick-up in the scenario."
    )
    unserved_energy_mwh: float
    shed_energy_mwh: float
    planned_not_served_energy_mwh: float
    served_outside_area_energy_mwh: float
    unserved_outside_area_energy_mwh: float
    energy_mwh: EnergyBySource
    switch_operations: int
    interruptions: int
    ac: AcVerdict
    plans: PlanQuality
    messages: dict[str, int] = Field(description="Number of messages by status.")
