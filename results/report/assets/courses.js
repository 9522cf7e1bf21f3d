// Reads the page's data: series by step, as results/report/codec.py wrote them.

function decode(text, resolution = 1) {
  const values = [];
  let before = 0;
  for (const token of text === "" ? [] : text.split(",")) {
    const [difference, times = 1] = token.split("*");
    for (let k = 0; k < times; k++) {
      if (difference !== "_") before += Number(difference);
      values.push(difference === "_" ? NaN : before * resolution);
    }
  }
  return values;
}

const decodeRows = (rows, resolution) => rows.map((text) => decode(text, resolution));

/** One run with its series decoded: tables are [element][step]. */
class Run {
  constructor(data, network) {
    Object.assign(this, data);
    this.network = network;
    this.steps = data.times.length;
    const tenth = (rows) => decodeRows(rows, 0.1);
    const { unit, area, planned, bus, branch } = data;
    this.unit = {
      ...unit,
      state: decodeRows(unit.state),
      pKw: tenth(unit.pKw),
      availableKw: tenth(unit.availableKw),
      energyKwh: tenth(unit.energyKwh),
    };
    const power = area.flagsOnly ? decodeRows : tenth; // 1 or 0 instead of kW, where kW would be too much
    this.area = {
      ...area,
      demandKw: power(area.demandKw),
      plannedKw: power(area.plannedKw),
      servedKw: power(area.servedKw),
    };
    this.planned = {
      plan: decode(planned.plan),
      startMin: decode(planned.startMin, 0.1),
      unitKw: tenth(planned.unitKw),
      forms: decodeRows(planned.forms),
      groups: planned.groups,
      groupKw: tenth(planned.groupKw),
    };
    this.groupOfUnit = new Map(planned.groups.flatMap(({ units }, g) => units.map((u) => [u, g])));
    const fine = { vmLow: 1e-4, vmHigh: 1e-4, fLow: 1e-3, fHigh: 1e-3 };
    this.chart = Object.fromEntries(
      Object.entries(data.chart).map(([name, text]) => [name, decode(text, fine[name] ?? 0.1)]),
    );
    this.hasDiagram = Boolean(network && bus);
    if (this.hasDiagram) {
      this.bus = {
        island: decodeRows(bus.island),
        planned: decodeRows(bus.planned),
        vm: bus.vm && decodeRows(bus.vm, 1e-4),
      };
      this.branch = {
        closed: decodeRows(branch.closed),
        planned: decodeRows(branch.planned),
        faulted: decodeRows(branch.faulted),
        pKw: branch.pKw && decodeRows(branch.pKw),
        loading: branch.loading && decodeRows(branch.loading, 0.1),
      };
    }
    this.areaNumber = new Map(area.ids.map((id, k) => [id, k]));
    this.unitNumber = new Map(unit.ids.map((id, k) => [id, k]));
  }

  /** Length of a step in minutes; the last one ends with the run. */
  length(step) {
    return (step + 1 < this.steps ? this.times[step + 1] : this.endMin) - this.times[step];
  }

  clock(minute) {
    let total = Math.round(this.startOfDayMin + minute);
    for (const [at, forwardMin] of this.clockChanges ?? []) if (minute >= at) total += forwardMin;
    const two = (n) => String(n).padStart(2, "0");
    return `${two(Math.floor(total / 60) % 24)}:${two(((total % 60) + 60) % 60)}`;
  }

  /** The step that holds at a minute. */
  stepAt(minute) {
    let step = 0;
    while (step + 1 < this.steps && this.times[step + 1] <= minute) step++;
    return step;
  }

  /** An area's power in words. */
  areaPower(value) {
    if (this.area.flagsOnly) return value > 0 ? "some" : "none";
    return `${number(value, 1)}`;
  }

  /** What the plan in force says of a unit, kW; `sum`: of its group, where it tells no more. */
  plannedOf(u, step) {
    const kw = this.planned.unitKw[u][step],
      group = this.groupOfUnit.get(u);
    const sum = Number.isFinite(kw) || group === undefined ? NaN : this.planned.groupKw[group][step];
    return Number.isFinite(sum) ? { kw: sum, sum: true } : { kw, sum: false };
  }

  /** Local areas of the outage area that the plan in force serves and the world does not, or the other way round. */
  areasApart(step) {
    const { ids, lost, plannedKw, servedKw } = this.area;
    return ids.filter((_, k) => lost[k] && plannedKw[k][step] > 0 !== servedKw[k][step] > 0);
  }
}

const formats = new Map();
/** A number with thousands separated and a true minus sign; a dash where it is not defined. */
function number(value, digits = 0) {
  if (value === null || !Number.isFinite(value)) return "–";
  if (!formats.has(digits)) {
    formats.set(digits, new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  }
  const rounded = Number(value.toFixed(digits)) || 0; // no "−0"
  return formats.get(digits).format(rounded).replace("-", "−");
}

const SVG = "http://www.w3.org/2000/svg";
/** An SVG or HTML element with attributes and children. */
function make(tag, attributes = {}, ...children) {
  const svg = make.svg.has(tag);
  const element = svg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}
make.svg = new Set(["svg", "g", "path", "rect", "circle", "line", "text", "title", "defs", "pattern", "tspan"]);
