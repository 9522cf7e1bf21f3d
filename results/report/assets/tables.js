// What stands in words beside the drawings: islands, the plan beside what happened, events and violations.

const MOST_ROWS = 1500;

/** A button that points at an element of the diagram; its name alone where there is no diagram. */
function pointer(id, page, run) {
  if (!run.hasDiagram) return document.createTextNode(id);
  const button = make("button", { type: "button", class: "element", "aria-label": `show ${id} in the diagram` }, id);
  button.addEventListener("click", () => page.pick(id, run));
  return button;
}

const row = (cells, kind = "td") =>
  make(
    "tr",
    {},
    ...cells.map((cell) => {
      const { text = cell, ...attributes } =
        cell !== null && typeof cell === "object" && !(cell instanceof Node) ? cell : {};
      return make(kind, attributes, ...(Array.isArray(text) ? text : [text ?? ""]));
    }),
  );

const right = (text) => ({ text, class: "number" });

/** Islands at a step, with the colour and shape that the diagram gives them. */
function showIslands(host, page, run, step) {
  const rows = run.islandRows[step] ?? [];
  host.replaceChildren();
  if (!rows.length) {
    host.append(make("p", { class: "quiet" }, "Nothing is energised at this step."));
    return;
  }
  const body = rows.map(([island, unit, buses, sourceKw, servedKw, low, high]) => {
    const bus = run.network?.buses.findIndex((b) => b.id === island) ?? -1;
    const slot = run.hasDiagram && bus in run.slots ? run.slots[bus] % SHAPES.length : 0;
    const key = make(
      "svg",
      { viewBox: "-10 -10 20 20", class: "key", "aria-hidden": "true" },
      make("path", { d: SHAPES[slot], class: `live i${slot}` }),
    );
    return row([
      { text: [key, ` ${island}`], class: "island-name" },
      { text: unit === "" ? "none" : pointer(unit, page, run) },
      right(number(buses)),
      right(number(sourceKw)),
      right(number(servedKw)),
      right(low === null ? "–" : `${number(low, 3)} … ${number(high, 3)}`),
    ]);
  });
  host.append(
    make(
      "table",
      { class: "islands" },
      make("caption", {}, `${rows.length} island${rows.length > 1 ? "s" : ""}, named after the first bus`),
      make(
        "thead",
        {},
        row(
          ["island", "voltage formed by", right("buses"), right("fed kW"), right("served kW"), right("voltage p.u.")],
          "th",
        ),
      ),
      make("tbody", {}, ...body),
    ),
  );
}

/** The plan in force and what happened, line by line; lines that differ are marked. */
function showPlan(host, page, run, step) {
  const plan = run.planned.plan[step];
  host.replaceChildren();
  if (!Number.isFinite(plan)) {
    host.append(make("p", { class: "quiet" }, "No plan had been issued by this step."));
    return;
  }
  const { issuedMin, status, objective, bound } = run.plans[plan];
  const gap =
    Number.isFinite(objective) && Number.isFinite(bound) && Math.abs(objective) > 1e-9
      ? `, gap ${number((100 * Math.abs(bound - objective)) / Math.abs(objective), 2)} %`
      : "";
  const issued = `Plan ${plan + 1} of ${run.plans.length}, issued ${run.clock(issuedMin)}`;
  const proven = status ? ` (${status}${gap})` : "";
  const from = run.clock(run.planned.startMin[step]);
  host.append(make("p", {}, `${issued}${proven}; its step from ${from} is in force.`));
  const body = [],
    head = (text) => body.push(make("tr", { class: "group" }, make("th", { colspan: 4, scope: "rowgroup" }, text)));
  const line = (name, planned, actual, difference, differs) => {
    const one = row([name, right(planned), right(actual), right(difference)]);
    if (differs) one.className = "differs";
    body.push(one);
  };
  const powers = (name, planned, actual, digits = 0) => {
    const apart = actual - planned,
      differs = Math.abs(apart) > Math.max(1, 0.02 * Math.abs(planned));
    line(
      name,
      number(planned, digits),
      number(actual, digits),
      Number.isFinite(apart) ? `${apart > 0 ? "+" : ""}${number(apart, digits)}${differs ? " ≠" : ""}` : "",
      differs,
    );
  };
  head("Supply of the outage area, kW");
  powers("planned and served", run.chart.plannedKw[step], run.chart.servedKw[step]);
  const apart = run
    .areasApart(step)
    .map((id) => [
      id,
      run.area.plannedKw[run.areaNumber.get(id)][step],
      run.area.servedKw[run.areaNumber.get(id)][step],
    ]);
  const shown = apart.slice(0, 12);
  const served = (table) => run.area.ids.filter((_, k) => run.area.lost[k] && table[k][step] > 0).length;
  line(
    "local areas served",
    number(served(run.area.plannedKw)),
    number(served(run.area.servedKw)),
    apart.length ? `${apart.length} differ ≠` : "none differs",
    apart.length,
  );
  for (const [id, planned, got] of shown)
    line(
      ["· ", pointer(id, page, run)],
      run.areaPower(planned),
      run.areaPower(got),
      planned > 0 ? "planned, not served ≠" : "served, not planned ≠",
      true,
    );
  if (apart.length > shown.length)
    line(`· and ${apart.length - shown.length} more, ringed in the diagram`, "", "", "", false);
  if (run.hasDiagram) {
    head("Switches");
    const told = run.network.branches
      .map((b, k) => [b, run.branch.planned[k][step], run.branch.closed[k][step]])
      .filter(([b, planned]) => b.switchable && Number.isFinite(planned));
    const wrong = told.filter(([, planned, actual]) => planned !== actual),
      word = (value) => (value === 1 ? "closed" : "open");
    line(
      "closed",
      told.filter(([, p]) => p === 1).length,
      told.filter(([, , a]) => a === 1).length,
      wrong.length ? `${wrong.length} differ ≠` : "none differs",
      wrong.length,
    );
    for (const [b, planned, actual] of wrong.slice(0, 12))
      line(["· ", pointer(b.id, page, run)], word(planned), word(actual), "≠", true);
  }
  head("Units, kW");
  const units = plannedUnits(page, run, step);
  const many = units.length > 40,
    notable = many
      ? units.filter((u) => Math.abs(u.actual - u.planned) > Math.max(1, 0.02 * Math.abs(u.planned))).slice(0, 40)
      : units;
  for (const { name, planned, actual } of notable) powers(name, planned, actual, 1);
  if (many)
    line(
      `${run.unit.ids.length} units; those that differ are listed${notable.length === 40 ? ", at most 40" : ""}`,
      "",
      "",
      "",
      false,
    );
  host.append(
    make(
      "div",
      { class: "scroll" },
      make(
        "table",
        { class: "plan" },
        make("thead", {}, row(["", right("plan"), right("happened"), right("difference")], "th")),
        make("tbody", {}, ...body),
      ),
    ),
  );
}

/** Rows of the plan's units: those that it tells one by one, and groups of which it tells the sum with their members. */
function plannedUnits(page, run, step) {
  const { ids, kinds, words, state, pKw } = run.unit;
  const begun = new Set();
  return ids.flatMap((id, k) => {
    const { kw, sum } = run.plannedOf(k, step),
      actual = pKw[k][step];
    if (kinds[k] === "infeed" && !(Math.abs(actual) > 0)) return [];
    const told = ` ${words[state[k][step]] ?? ""}`;
    if (!sum) return [{ name: [pointer(id, page, run), told], planned: kw, actual }];
    const member = { name: ["· ", pointer(id, page, run), told], planned: NaN, actual };
    const number = run.groupOfUnit.get(k);
    if (begun.has(number)) return [member];
    begun.add(number);
    const { area, kind, units } = run.planned.groups[number];
    const summed = units.filter((u) => run.plannedOf(u, step).sum).reduce((total, u) => total + pKw[u][step], 0);
    return [{ name: [`${KINDS[kind]} of `, pointer(area, page, run)], planned: kw, actual: summed }, member];
  });
}

/** Events and violations; each row's time is a button that jumps to its step. */
class Happenings {
  constructor(host, page, run, name) {
    Object.assign(this, { page, run });
    const kinds = [...new Set(run.happenings.map((h) => h[3]))].sort(),
      violations = run.happenings.filter((h) => h[2]).length;
    const choice = make(
      "select",
      { "aria-label": `which happenings of ${name}` },
      make("option", { value: "" }, `all (${run.happenings.length})`),
      make("option", { value: "!" }, `violations only (${violations})`),
      ...kinds.map((kind) => make("option", { value: kind }, kind)),
    );
    this.body = make("tbody");
    this.note = make("p", { class: "quiet" });
    this.box = make(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": `events and violations of ${name}` },
      make(
        "table",
        { class: "happenings" },
        make("thead", {}, row(["time", "what", "element", "told"], "th")),
        this.body,
      ),
    );
    host.append(make("label", { class: "choice" }, "Show ", choice), this.note, this.box);
    choice.addEventListener("change", () => this.#list(choice.value));
    this.#list("");
  }

  #list(choice) {
    const { run, page } = this;
    const chosen = run.happenings.filter((h) => choice === "" || (choice === "!" ? h[2] : h[3] === choice));
    this.rows = chosen.slice(0, MOST_ROWS).map(([first, last, violation, kind, element, text]) => {
      const when = last > first ? `${run.clock(first)}–${run.clock(last)}` : run.clock(first);
      const jump = make(
        "button",
        { type: "button", class: "jump", "aria-label": `go to ${run.clock(first)}: ${kind} ${element}` },
        when,
      );
      jump.addEventListener("click", () => {
        page.setStep(run.stepAt(first));
        page.pick(element, run);
      });
      const line = row([
        jump,
        `${violation ? "⚠ " : ""}${kind.replaceAll("_", " ")}`,
        element === "" ? "" : pointer(element, page, run),
        text,
      ]);
      line.className = violation ? "violation" : "event";
      line.dataset.kind = kind;
      return { line, first, last: Math.max(last, first) };
    });
    this.body.replaceChildren(...this.rows.map((r) => r.line));
    this.note.textContent =
      chosen.length > MOST_ROWS
        ? `The first ${MOST_ROWS} of ${chosen.length}; all are in events.csv and violations.csv.`
        : chosen.length
          ? ""
          : choice === "!"
            ? "No violation: every limit was kept at every step."
            : "Nothing to tell.";
    if (page.step !== undefined) this.update(page.step);
  }

  update(step) {
    const { run } = this,
      from = run.times[step],
      to = from + run.length(step);
    for (const { line, first, last } of this.rows) line.classList.toggle("now", first < to && last >= from);
  }
}
