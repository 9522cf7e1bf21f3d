// Courses over time, drawn as steps, with one cursor through all of them.

const MARGIN = { left: 50, right: 18, top: 6, bottom: 20 };

/** What each chart shows of a run. `areas` are stacked (negative ones downwards), `lines` stand for themselves. */
function chartSpecs(runs) {
  const any = (name) => runs.some((run) => run.chart[name]?.some((v) => Number.isFinite(v) && v !== 0));
  const power = ["demand", "planned", "served"];
  const summed = (run, name) => {
    let total = 0;
    return run.chart[`${name}Kw`].map((kw, step) => (total += (kw * run.length(step)) / 60 / 1000));
  };
  const loads = (value) => (run) => power.map((name) => ({ name, key: `load-${name}`, values: value(run, name) }));
  const source = (name, key, field, sign, hatch) =>
    any(field) && { name, key, sign, hatch, values: (run) => run.chart[field].map((v) => sign * v) };
  const sources = [
    source("NBSU", "nbsu", "nbsuKw", 1),
    source("ESS discharge", "ess", "essKw", 1),
    source("PV", "pv", "pvKw", 1),
    source("infeed", "infeed", "infeedKw", 1),
    source("ESS charge", "ess", "chargeKw", -1, true),
    source("NBSU start-up", "startup", "startupKw", -1),
    source("to infeed", "infeed", "exportKw", -1, true),
  ].filter(Boolean);
  const specs = [
    {
      id: "power",
      title: "Generation by source, demand, planned and served",
      unit: "kW",
      zero: true,
      tall: true,
      areas: (run) => sources.map((s) => ({ ...s, values: s.values(run) })),
      lines: loads((run, name) => run.chart[`${name}Kw`]),
    },
    {
      id: "energy",
      title: "Energy since the fault: planned beside served",
      unit: "MWh",
      digits: 2,
      zero: true,
      lines: (run) => loads(summed)(run).map((line) => ({ ...line, sloped: true })),
    },
  ];
  if (any("storedKwh") || any("roomKwh")) {
    specs.push({
      id: "stored",
      title: "State of energy of all storage",
      unit: "kWh",
      zero: true,
      areas: (run) => [
        { name: "left to discharge at the step's end", key: "ess", sign: 1, values: run.chart.storedKwh },
      ],
      lines: (run) => [
        { name: "full", key: "limit", values: run.chart.storedKwh.map((v, k) => v + run.chart.roomKwh[k]) },
      ],
    });
  }
  specs.push({
    id: "voltage",
    title: "Voltage of energised buses",
    unit: "p.u.",
    digits: 4,
    band: (run) => [run.chart.vmLow, run.chart.vmHigh],
    lines: (run) => [
      { name: "highest", key: "high", values: run.chart.vmHigh },
      { name: "lowest", key: "low", values: run.chart.vmLow },
    ],
    limits: (run) => [run.limits.vmMin, run.limits.vmMax],
  });
  if (any("fLow")) {
    specs.push({
      id: "frequency",
      title: "Frequency of islands within each step",
      unit: "Hz",
      digits: 2,
      band: (run) => run.chart.fLow && [run.chart.fLow, run.chart.fHigh],
      lines: (run) =>
        run.chart.fLow
          ? [
              { name: "highest", key: "high", values: run.chart.fHigh },
              { name: "lowest", key: "low", values: run.chart.fLow },
            ]
          : [],
    });
  }
  specs.push({
    id: "loading",
    title: "Loading of the most loaded branch",
    unit: "%",
    digits: 1,
    zero: true,
    lines: (run) => [{ name: "highest", key: "high", values: run.chart.loading }],
    limits: (run) => [run.limits.loading],
    farLimits: true,
  });
  return specs;
}

/** Served power of several runs in one chart. */
function togetherSpec(runs) {
  return {
    id: "strategies",
    title: "Served by strategy, against demand",
    unit: "kW",
    zero: true,
    tall: true,
    lines: () => [
      { name: "demand", key: "load-demand", values: runs[0].chart.demandKw },
      ...runs.map((run, k) => ({
        name: run.strategy,
        key: "side",
        look: payload.looks[run.strategy],
        values: run.chart.servedKw,
      })),
    ],
  };
}

/** Sums of the areas on each side of zero, and the lines: the numbers that the axis must hold. */
function extent(spec, run) {
  const found = [];
  for (const sign of [1, -1]) {
    const mine = (spec.areas?.(run) ?? []).filter((a) => a.sign === sign);
    for (let step = 0; mine.length && step < run.steps; step++)
      found.push(mine.reduce((sum, a) => sum + (a.values[step] || 0), 0));
  }
  for (const line of spec.lines(run)) found.push(...line.values);
  if (!spec.farLimits) found.push(...(spec.limits?.(run) ?? []));
  return found.filter(Number.isFinite);
}

function axis(low, high, count = 4) {
  const rough = (high - low) / count || 1,
    power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 2.5, 5, 10].find((m) => m * power >= rough * 0.999);
  // A little below zero (a start-up's draw) gets a little room, not a whole tick.
  const little = low < 0 && -low < 0.3 * step,
    first = little ? 0 : Math.floor(low / step + 1e-6) * step,
    ticks = [];
  for (let k = 0; first + k * step < high + 0.999 * step; k++) ticks.push(first + k * step);
  // As many decimals as tell the ticks apart, and not one less.
  const digits = Math.max(
    0,
    Math.min(4, [0, 1, 2, 3, 4].find((d) => Math.abs(step * 10 ** d - Math.round(step * 10 ** d)) < 1e-6) ?? 4),
  );
  return { low: little ? -0.3 * step : ticks[0], high: ticks.at(-1), ticks, digits };
}

/** The sign of an item in a legend: a filled area, or a piece of its line. */
function swatch(item, shape) {
  if (!item.look) return make("i", { class: `swatch ${shape} ${item.key}${item.hatch ? " hatch" : ""}` });
  const line = make("line", { x1: 0, x2: 30, y1: 5, y2: 5, class: `course ${item.key}`, style: tinted(item) });
  return make("svg", { width: 30, height: 10, class: "piece", "aria-hidden": "true" }, line);
}

class Chart {
  constructor(host, spec, run, range, onTime) {
    Object.assign(this, { spec, run, range, onTime });
    this.legend = make("p", { class: "legend" });
    this.svg = make("svg", { class: "chart", height: spec.tall ? 250 : 150, role: "img", "aria-label": spec.title });
    const figure = make(
      "figure",
      { "data-chart": spec.id, class: spec.tall ? "tall" : null },
      make("figcaption", {}, spec.titled ? `${run.strategy} · ${spec.title}` : spec.title),
      this.legend,
      this.svg,
    );
    host.append(figure);
    this.values = [];
    this.#listLegend();
    new ResizeObserver(() => this.draw()).observe(this.svg);
    const step = (event) => {
      const x = event.clientX - this.svg.getBoundingClientRect().left;
      return this.run.stepAt(((x - MARGIN.left) / this.plotWidth) * this.run.endMin);
    };
    this.svg.addEventListener("pointermove", (event) => this.onTime(step(event), event.buttons > 0));
    this.svg.addEventListener("click", (event) => this.onTime(step(event), true));
    this.svg.addEventListener("pointerleave", () => this.onTime(null, false));
  }

  #listLegend() {
    const entry = (item, shape) => {
      const value = make("b");
      this.values.push([value, item.values]);
      this.legend.append(
        make(
          "span",
          {},
          swatch(item, shape),
          `${item.name} `,
          value,
        ),
      );
    };
    for (const area of this.spec.areas?.(this.run) ?? []) entry(area, "area");
    for (const line of this.spec.lines(this.run)) entry(line, "line");
    if (this.spec.limits) {
      const limits = this.spec
        .limits(this.run)
        .map((v) => number(v, this.spec.unit === "p.u." ? 2 : 0))
        .join(" and ");
      this.legend.append(
        make(
          "span",
          {},
          make("i", { class: "swatch line limit" }),
          `limit${this.spec.limits(this.run).length > 1 ? "s" : ""} ${limits}`,
        ),
      );
    }
    this.legend.append(make("span", { class: "unit-name" }, this.spec.unit));
  }

  draw() {
    const width = this.svg.clientWidth,
      height = this.svg.clientHeight,
      { run, spec, range } = this;
    if (!width || width === this.drawnWidth) return;
    this.drawnWidth = width;
    this.plotWidth = width - MARGIN.left - MARGIN.right;
    const plotHeight = height - MARGIN.top - MARGIN.bottom;
    const x = (minute) => MARGIN.left + (minute / run.endMin) * this.plotWidth;
    const y = (value) => MARGIN.top + (1 - (value - range.low) / (range.high - range.low)) * plotHeight;
    this.x = x;
    // On paper, where nothing is drawn anew, the whole chart is scaled to the page.
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.replaceChildren();
    const put = (tag, attributes, ...children) => this.svg.append(make(tag, attributes, ...children));
    for (const tick of range.ticks) {
      put("line", {
        x1: MARGIN.left,
        x2: width - MARGIN.right,
        y1: y(tick),
        y2: y(tick),
        class: Math.abs(tick) < 1e-9 && spec.zero ? "zero" : "grid",
      });
      put("text", { x: MARGIN.left - 6, y: y(tick) + 3.5, class: "tick end" }, number(tick, range.digits));
    }
    for (const minute of clockTicks(run, this.plotWidth)) {
      put("line", {
        x1: x(minute),
        x2: x(minute),
        y1: MARGIN.top + plotHeight,
        y2: MARGIN.top + plotHeight + 4,
        class: "grid",
      });
      put("text", { x: x(minute), y: height - 4, class: "tick middle" }, run.clock(minute));
    }
    for (const sign of [1, -1]) {
      let base = run.times.map(() => 0);
      for (const area of (spec.areas?.(run) ?? []).filter((a) => a.sign === sign)) {
        const top = base.map((b, k) => b + (area.values[k] || 0));
        put("path", { d: band(run, x, y, base, top), class: `area ${area.key}${area.hatch ? " hatch" : ""}` });
        base = top;
      }
    }
    const [low, high] = spec.band?.(run) ?? [];
    if (low) put("path", { d: band(run, x, y, low, high), class: "band" });
    for (const limit of spec.limits?.(run) ?? []) {
      if (limit >= range.low && limit <= range.high)
        put("line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: y(limit), y2: y(limit), class: "course limit" });
    }
    for (const line of spec.lines(run))
      put("path", {
        d: (line.sloped ? slope : stairs)(run, x, y, line.values),
        class: `course ${line.key}`,
        style: tinted(line),
      });
    this.cursor = make("rect", { class: "cursor", y: MARGIN.top, height: plotHeight });
    this.svg.append(this.cursor);
    if (this.step !== undefined) this.update(this.step);
  }

  update(step) {
    this.step = step;
    for (const [element, values] of this.values) element.textContent = number(values[step], this.spec.digits ?? 0);
    if (!this.cursor) return;
    const from = this.x(this.run.times[step]);
    this.cursor.setAttribute("x", from.toFixed(1));
    this.cursor.setAttribute(
      "width",
      Math.max(1.5, this.x(this.run.times[step] + this.run.length(step)) - from).toFixed(1),
    );
  }
}

/** Colour and dash of a strategy, where an item stands for one. */
const tinted = ({ look }) => (look ? `--tint: ${look.colour}; stroke-dasharray: ${look.dash}` : null);

function stairs(run, x, y, values) {
  let path = "",
    drawn = false;
  values.forEach((value, k) => {
    if (!Number.isFinite(value)) {
      drawn = false;
      return;
    }
    const to = x(run.times[k] + run.length(k)).toFixed(1);
    path += `${drawn ? "L" : "M"}${x(run.times[k]).toFixed(1)} ${y(value).toFixed(1)}H${to}`;
    drawn = true;
  });
  return path;
}

/** A sum that begins at 0 and is told for the end of each step. */
function slope(run, x, y, values) {
  return (
    `M${x(run.times[0]).toFixed(1)} ${y(0).toFixed(1)}` +
    values.map((value, k) => `L${x(run.times[k] + run.length(k)).toFixed(1)} ${y(value).toFixed(1)}`).join("")
  );
}

/** The area between two courses, one closed piece for each stretch of steps in which both are defined. */
function band(run, x, y, low, high) {
  const defined = (k) => Number.isFinite(low[k]) && Number.isFinite(high[k]);
  const at = (k, value) =>
    `${x(run.times[k]).toFixed(1)} ${y(value).toFixed(1)}H${x(run.times[k] + run.length(k)).toFixed(1)}`;
  const back = (k, value) =>
    `${x(run.times[k] + run.length(k)).toFixed(1)} ${y(value).toFixed(1)}H${x(run.times[k]).toFixed(1)}`;
  let path = "";
  for (let first = 0; first < run.steps; first++) {
    if (!defined(first)) continue;
    let last = first;
    while (last + 1 < run.steps && defined(last + 1)) last++;
    const steps = Array.from({ length: last - first + 1 }, (_, k) => first + k);
    path += `M${steps.map((k) => at(k, high[k])).join("L")}L${steps
      .reverse()
      .map((k) => back(k, low[k]))
      .join("L")}Z`;
    first = last;
  }
  return path;
}

function clockTicks(run, width) {
  const most = Math.max(2, Math.floor(width / 64));
  const spacing = [5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440].find((s) => run.endMin / s <= most) ?? 1440;
  const ticks = [];
  for (let minute = (spacing - (run.startOfDayMin % spacing)) % spacing; minute <= run.endMin; minute += spacing)
    ticks.push(minute);
  return ticks;
}

/** Marks below the slider: a triangle for each new plan, a bar for each step with a violation. */
function drawTicks(svg, runs, last) {
  if (!svg.clientWidth || last < 1) return;
  const violated = new Set();
  const planned = new Set();
  for (const run of runs) {
    for (const [from, to, violation, kind] of run.happenings) {
      if (violation) for (let k = run.stepAt(from); k <= Math.min(last, run.stepAt(to)); k++) violated.add(k);
      if (kind === "plan_issued") planned.add(Math.min(last, run.stepAt(from)));
    }
  }
  svg.setAttribute("viewBox", `0 0 ${svg.clientWidth} ${svg.clientHeight}`);
  const x = (step) => (8 + (step / last) * (svg.clientWidth - 16)).toFixed(1);
  svg.replaceChildren(
    ...[...planned].map((step) => make("path", { d: `M${x(step)} 0l3 5h-6Z`, class: "planned" })),
    ...[...violated].map((step) => make("rect", { x: x(step) - 1.5, y: 5, width: 3, height: 4, class: "violated" })),
  );
}
