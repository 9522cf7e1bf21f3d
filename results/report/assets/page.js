// The page: which runs are shown, the moment they are shown at, and everything that changes with it.

const payload = JSON.parse(document.getElementById("data").textContent);
const networks = payload.networks;
const decoded = new Map();

function runAt(index) {
  if (!decoded.has(index)) {
    const data = payload.runs[index];
    decoded.set(index, new Run(data, networks[data.network] ?? null));
  }
  return decoded.get(index);
}

class Page {
  constructor(root) {
    this.root = root;
    this.chosen = payload.kind === "comparison" ? payload.cases[0].runs.slice(0, 2) : [0];
    this.beside = payload.kind === "run" && (networks[0]?.buses.length ?? 0) <= 200; // the plan in a second diagram
    this.speed = 1;
    this.labelMode = "name";
    this.layout = 0;
    this.#frame();
    this.#fill();
    this.#keys();
    addEventListener("hashchange", () => this.#fromAddress());
  }

  get runs() {
    return this.chosen.map(runAt);
  }
  get last() {
    return Math.min(...this.runs.map((run) => run.steps)) - 1;
  }

  // -- what stays: timeline, sections ------------------------------------------------------------------------------

  #frame() {
    const button = (label, text, act, attributes = {}) => {
      const one = make("button", { type: "button", "aria-label": label, title: label, ...attributes }, text);
      one.addEventListener("click", act);
      return one;
    };
    this.play = button("play", "▶", () => this.toggle(), { id: "play", "aria-pressed": "false" });
    this.slider = make("input", {
      type: "range",
      id: "slider",
      min: 0,
      value: 0,
      step: 1,
      "aria-label": "time: simulation step",
    });
    this.slider.addEventListener("input", () => this.setStep(Number(this.slider.value)));
    this.ticks = make("svg", { class: "ticks", "aria-hidden": "true", height: 9 });
    this.clock = make("output", { id: "clock", for: "slider" });
    const speed = make(
      "select",
      { id: "speed", "aria-label": "speed of playing" },
      ...[1, 2, 4, 8].map((n) => make("option", { value: n }, `${n}×`)),
    );
    speed.addEventListener("change", () => {
      this.speed = Number(speed.value);
      if (this.timer) {
        this.stop();
        this.start();
      }
    });
    this.timeline = make(
      "nav",
      { id: "timeline", "aria-label": "time", tabindex: -1 },
      this.play,
      button("one step back", "◀︎ǀ", () => this.setStep(this.step - 1)),
      button("one step on", "ǀ▶︎", () => this.setStep(this.step + 1)),
      make("div", { class: "track" }, this.slider, this.ticks),
      this.clock,
      speed,
    );
    new ResizeObserver(() => this.#drawTicks()).observe(this.ticks);
    this.sections = Object.fromEntries(
      [
        ["network", "The network"],
        ["courses", "Courses"],
        ["plan", "The plan beside what happened"],
        ["happenings", "Events and violations"],
      ].map(([id, title]) => [
        id,
        make(
          "section",
          { id, "aria-labelledby": `${id}-title` },
          make("h2", { id: `${id}-title` }, title),
          make("div", { class: "content" }),
        ),
      ]),
    );
    this.root.append(
      ...(payload.kind === "comparison" ? [this.#choices()] : []),
      this.timeline,
      ...Object.values(this.sections),
    );
  }

  #choices() {
    const which = make(
      "select",
      { id: "case" },
      ...payload.cases.map((c, k) => make("option", { value: k }, c.scenario)),
    );
    const sides = ["left", "right"].map((side) => make("select", { id: side }));
    const offer = () => {
      const { runs } = payload.cases[which.value];
      sides.forEach((select, k) => {
        select.replaceChildren(...runs.map((index) => make("option", { value: index }, payload.runs[index].strategy)));
        select.value = runs[Math.min(k, runs.length - 1)];
      });
      note.textContent = payload.cases[which.value].note;
    };
    const choose = () => {
      this.chosen = sides.map((s) => Number(s.value));
      this.#fill();
    };
    const note = make("p", { class: "quiet" });
    offer();
    which.addEventListener("change", () => {
      offer();
      choose();
    });
    for (const side of sides) side.addEventListener("change", choose);
    const label = (text, control) => make("label", { class: "choice" }, text, control);
    return make(
      "div",
      { class: "choices" },
      label("Case ", which),
      label("First strategy ", sides[0]),
      label("Second strategy ", sides[1]),
      note,
    );
  }

  // -- what depends on the runs shown ------------------------------------------------------------------------------

  #fill() {
    this.stop();
    const runs = this.runs,
      several = runs.length > 1;
    const content = Object.fromEntries(
      Object.entries(this.sections).map(([id, section]) => [id, section.querySelector(".content")]),
    );
    for (const host of Object.values(content)) {
      host.replaceChildren();
      host.classList.toggle("pair", several);
    }
    this.timeline.hidden = this.last < 0;
    this.sections.network.hidden = this.sections.courses.hidden = this.sections.plan.hidden = this.last < 0;
    this.slider.max = Math.max(0, this.last);
    this.panes = [];
    this.charts = [];
    if (this.last >= 0) {
      this.#fillNetwork(content.network, runs);
      this.#fillCourses(content.courses, runs);
      this.planHosts = runs.map((run) => this.#column(content.plan, run, several));
    }
    this.happenings = runs.map(
      (run) => new Happenings(this.#column(content.happenings, run, several), this, run, run.strategy),
    );
    if (this.last < 0) return;
    this.#drawTicks();
    const before = this.step;
    this.step = undefined;
    if (before === undefined) this.#fromAddress();
    else this.setStep(before);
  }

  #column(host, run, titled) {
    const column = make("div", { class: "column" }, ...(titled ? [make("h3", {}, run.strategy)] : []));
    const inner = make("div");
    column.append(inner);
    host.append(column);
    return inner;
  }

  #fillNetwork(host, runs) {
    host.classList.remove("pair");
    const drawn = runs.filter((run) => run.hasDiagram);
    if (!drawn.length) {
      host.append(make("p", { class: "note" }, payload.noDiagram));
      this.islandHosts = runs.map((run) => [run, this.#column(host, run, runs.length > 1)]);
      return;
    }
    const network = laidOut(drawn[0].network, this.layout),
      view = new View(network),
      [, , w, h] = network.box;
    const tools = make("div", { class: "tools" });
    const tool = (label, text, act) => {
      const b = make("button", { type: "button", "aria-label": label, title: label }, text);
      b.addEventListener("click", act);
      tools.append(b);
    };
    tool("zoom in", "+", () => view.zoom(1.4));
    tool("zoom out", "−", () => view.zoom(1 / 1.4));
    tool("show the whole network", "⤢", () => view.reset());
    const labels = make(
      "select",
      { id: "labels" },
      make("option", { value: "name" }, "names"),
      make("option", { value: "voltage" }, "voltages, p.u."),
      make("option", { value: "none" }, "none"),
    );
    labels.value = this.labelMode;
    labels.addEventListener("change", () => {
      this.labelMode = labels.value;
      for (const { diagram } of this.panes) diagram.setLabels(labels.value);
    });
    tools.append(make("label", { class: "choice" }, "Bus labels ", labels));
    if (network.layouts.length > 1) {
      const words = { coordinates: "by coordinates", tree: "feeders as rows" };
      const layout = make(
        "select",
        { id: "layout" },
        ...network.layouts.map(({ by }, k) => make("option", { value: k }, words[by])),
      );
      layout.value = this.layout;
      layout.addEventListener("change", () => {
        this.layout = Number(layout.value);
        this.#fill();
      });
      tools.append(make("label", { class: "choice" }, "Drawn ", layout));
    }
    if (payload.kind === "run") {
      const beside = make("input", { type: "checkbox", id: "beside" });
      beside.checked = this.beside;
      beside.addEventListener("change", () => {
        this.beside = beside.checked;
        this.#fill();
      });
      tools.append(make("label", { class: "choice" }, beside, " plan in force beside it"));
    }
    host.append(tools, legend());
    const wanted = drawn.flatMap((run) => [
      [run, "actual"],
      ...(payload.kind === "run" && this.beside ? [[run, "plan"]] : []),
    ]);
    const panes = make("div", { class: `panes${w / h < 1.7 && w < 1300 && wanted.length > 1 ? " abreast" : ""}` });
    host.append(panes);
    this.islandHosts = [];
    for (const [run, mode] of wanted) {
      const title = mode === "plan" ? "Plan in force" : payload.kind === "run" ? "What happened" : run.strategy;
      const frame = make("div", {
        class: "frame",
        style: `aspect-ratio: ${(w / h).toFixed(3)}; max-height: min(78vh, ${Math.round(1.5 * h)}px)`,
      });
      const islands = make("div", { class: "island-list" });
      panes.append(
        make(
          "div",
          { class: "pane", "data-mode": mode, "data-strategy": run.strategy },
          make("h3", {}, title),
          frame,
          islands,
        ),
      );
      const diagram = new Diagram(frame, network, view, `One-line diagram, ${title}: ${network.buses.length} buses`);
      diagram.setLabels(this.labelMode);
      this.panes.push({ diagram, run, mode });
      if (mode === "actual") this.islandHosts.push([run, islands]);
    }
  }

  #fillCourses(host, runs) {
    const distinct = new Set(runs.map((run) => run.strategy)).size > 1;
    for (const spec of [...(distinct ? [togetherSpec(runs)] : []), ...chartSpecs(runs)]) {
      const values = runs.flatMap((run) => extent(spec, run));
      if (!values.length) continue;
      const low = spec.zero ? Math.min(0, ...values) : Math.min(...values),
        high = Math.max(...values);
      const margin = spec.zero ? 0 : 0.06 * (high - low || 0.01);
      const range = axis(low - margin, Math.max(high + margin, low + 1e-6));
      const together = spec.id === "strategies";
      spec.titled = runs.length > 1 && !together;
      for (const run of together ? runs.slice(0, 1) : runs) {
        const column = make("div", { class: together ? "column wide" : "column" });
        host.append(column);
        this.charts.push(new Chart(column, spec, run, range, (step, keep) => this.#hover(step, keep)));
      }
    }
  }

  /** Hovering over a chart shows that moment everywhere; leaving goes back, a click stays. */
  #hover(step, keep) {
    if (step !== null && keep) {
      this.resting = undefined;
      this.stop();
      this.setStep(step);
      return;
    }
    if (this.timer) return;
    if (step === null) {
      if (this.resting !== undefined) {
        const back = this.resting;
        this.resting = undefined;
        this.setStep(back);
      }
      return;
    }
    const rest = this.resting ?? this.step;
    this.setStep(step);
    this.resting = rest;
  }

  #drawTicks() {
    drawTicks(this.ticks, this.runs, this.last);
  }

  // -- the moment --------------------------------------------------------------------------------------------------

  setStep(step) {
    if (this.last < 0) return;
    this.resting = undefined;
    const next = Math.max(0, Math.min(this.last, Number.isFinite(step) ? step : 0));
    if (next !== this.step) this.picked = undefined;
    this.step = next;
    this.show();
  }

  /** Point at an element in the diagrams of a run. */
  pick(id, run) {
    this.picked = { id, run };
    this.show();
  }

  show() {
    const { step } = this,
      run = this.runs[0];
    const from = run.clock(run.times[step]),
      to = run.clock(run.times[step] + run.length(step));
    const live = run.hasDiagram ? run.bus.island.filter((island) => island[step] >= 0).length : null;
    this.slider.value = step;
    const energised = live === null ? "" : `, ${live} of ${run.network.buses.length} buses energised`;
    this.slider.setAttribute("aria-valuetext", `${from}, step ${step + 1} of ${this.last + 1}${energised}`);
    this.clock.replaceChildren(
      make("b", {}, from),
      `–${to} · ${number(run.times[step])} min after the fault · step ${step + 1} of ${this.last + 1}`,
    );
    document.body.dataset.step = step;
    for (const { diagram, run: shown, mode } of this.panes)
      diagram.show(shown, step, mode, this.picked?.run === shown ? this.picked.id : undefined);
    for (const [shown, host] of this.islandHosts) showIslands(host, this, shown, step);
    for (const chart of this.charts) chart.update(step);
    this.runs.forEach((shown, k) => {
      showPlan(this.planHosts[k], this, shown, step);
      this.happenings[k].update(step);
    });
  }

  start() {
    if (this.step >= this.last) this.setStep(0);
    this.timer = setInterval(() => {
      if (this.step >= this.last) this.stop();
      else this.setStep(this.step + 1);
    }, 500 / this.speed);
    this.#told();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = undefined;
    this.#told();
  }
  toggle() {
    if (this.timer) this.stop();
    else this.start();
  }

  #told() {
    this.play.textContent = this.timer ? "❚❚" : "▶";
    this.play.setAttribute("aria-pressed", String(Boolean(this.timer)));
    this.play.setAttribute("aria-label", this.timer ? "pause" : "play");
    this.play.title = this.timer ? "pause (space)" : "play (space)";
  }

  #keys() {
    addEventListener("keydown", (event) => {
      const { target } = event;
      if (event.ctrlKey || event.altKey || event.metaKey || this.last < 0) return;
      if (target.closest?.("select, textarea") || (target.matches?.("input") && target !== this.slider)) return;
      if (event.key === " " && target.closest?.("button, .scroll")) return;
      if ((event.key === "Home" || event.key === "End") && target.closest?.(".scroll")) return;
      const act = {
        ArrowLeft: () => this.setStep(this.step - 1),
        ArrowRight: () => this.setStep(this.step + 1),
        Home: () => this.setStep(0),
        End: () => this.setStep(this.last),
        " ": () => this.toggle(),
      }[event.key];
      if (!act) return;
      event.preventDefault();
      if (event.key !== " ") this.stop();
      act();
    });
  }

  /** `#min=35` in the address opens the page at that minute. */
  #fromAddress() {
    const minute = Number(/^#min=(\d+(?:\.\d+)?)$/.exec(location.hash)?.[1] ?? 0);
    this.setStep(this.runs[0].stepAt(minute));
  }
}

new Page(document.getElementById("page"));
document.body.dataset.ready = "true";
