// What hovering over an element of the diagram tells.

/** Words for a drawn element (its `data-bus`, `data-unit`, `data-branch` or `data-switch`) at a step of a run. */
function toldOf({ dataset }, run, step, network, mode) {
  if (dataset.bus !== undefined) return toldOfBus(dataset, run, step, network, mode);
  if (dataset.unit !== undefined) return toldOfUnit(dataset.unit, run, step, network);
  return toldOfBranch(dataset.branch ?? dataset.switch, run, step, network);
}

function toldOfBus({ bus, island }, run, step, network, mode) {
  const k = network.buses.findIndex((b) => b.id === bus);
  const vm = mode === "actual" ? run.bus.vm?.[k][step] : NaN;
  const parts = [`bus ${bus} (${network.buses[k].vnKv} kV): ${island === "" ? "dark" : `island ${island}`}`];
  if (Number.isFinite(vm)) parts.push(`${number(vm, 4)} p.u.`);
  for (const { id, buses } of network.areas) {
    const a = run.areaNumber.get(id);
    if (a === undefined || !buses.includes(k)) continue;
    const [demand, planned, served] = ["demandKw", "plannedKw", "servedKw"].map((n) =>
      run.areaPower(run.area[n][a][step]),
    );
    parts.push(
      `local area ${id}: demand ${demand}, planned ${planned}, served ${served}${run.area.flagsOnly ? "" : " kW"}`,
    );
  }
  return parts.join("; ");
}

function toldOfUnit(id, run, step, network) {
  const { kind, sKva } = network.units.find((unit) => unit.id === id);
  const u = run.unitNumber.get(id);
  const name = `${id}, ${number(sKva)} kVA`;
  if (u === undefined) return name;
  const { pKw, state, words, energyKwh, availableKw } = run.unit;
  const { kw, sum } = run.plannedOf(u, step);
  const plan = `plan: ${number(kw, 1)}${sum ? ` with others of its area` : ""}`;
  const parts = [
    `${name}: ${number(pKw[u][step], 1)} kW (${plan})`,
    words[state[u][step]],
  ];
  if (kind === "ess") parts.push(`${number(energyKwh[u][step])} kWh left`);
  if (kind === "pv") parts.push(`${number(availableKw[u][step], 1)} kW available`);
  return parts.join(", ");
}

function toldOfBranch(id, run, step, network) {
  const k = network.branches.findIndex((b) => b.id === id);
  const { kind, switchable } = network.branches[k];
  const { closed, planned, faulted, pKw, loading } = run.branch;
  const word = (value) => (value === 1 ? "closed" : value === 0 ? "open" : "not told");
  const parts = [`${kind} ${id}: ${word(closed[k][step])}`];
  parts.push(switchable ? `plan: ${word(planned[k][step])}` : "no switch");
  if (faulted[k][step] === 1) parts.push("faulted");
  if (pKw && closed[k][step] === 1) {
    parts.push(`${number(pKw[k][step])} kW, loading ${number(loading[k][step], 1)} %`);
  }
  return parts.join(", ");
}
