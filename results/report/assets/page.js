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
    this.chosen = [0];
    if (payload.kind === "comparison") {
      const { seeds, runs } = payload.cases[0];
      this.chosen = Object.values(runs[seeds[0]]).slice(0, 2);
    }
    this.beside = payload.kind === "run" && (networks[0]?.buses.length ?? 0) <= 200; // the plan in a second diagram
    this.speed = 1;
    this.labelMode = "name";
    this.layout = 0;
    this.#frame();
    this.fill();
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
    const names = ["case", "seed", "left", "right"];
    const [which, seed, ...sides] = names.map((id) => make("select", { id }));
    const fill = (select, values, chosen) => {
      select.replaceChildren(...values.map(([value, text]) => make("option", { value }, text)));
      select.value = chosen;
    };
    const here = () => payload.cases[which.value];
    const offer = () => {
      const strategies = Object.keys(here().runs[here().seeds[0]]);
      fill(
        seed,
        here().seeds.map((s) => [s, s]),
        here().seeds[0],
      );
      sides.forEach((side, k) => {
        const kept = strategies.includes(side.value) ? side.value : strategies[Math.min(k, strategies.length - 1)];
        fill(
          side,
          strategies.map((s) => [s, s]),
          kept,
        );
      });
    };
    const choose = () => {
      this.chosen = sides.map((side) => here().runs[seed.value][side.value]);
      this.fill();
    };
    fill(
      which,
      payload.cases.map((c, k) => [k, c.scenario]),
      0,
    );
    offer();
    which.addEventListener("change", () => {
      offer();
      this.layout = 0;
      choose();
    });
    for (const control of [seed, ...sides]) control.addEventListener("change", choose);
    const label = (text, control) => make("label", { class: "choice" }, text, control);
    const words = ["Case ", "Seed ", "First strategy ", "Second strategy "];
    return make("div", { class: "choices" }, ...words.map((text, k) => label(text, [which, seed, ...sides][k])));
  }

  // -- what depends on the runs shown ------------------------------------------------------------------------------

  fill() {
    this.stop();
    const focused = document.activeElement?.id;
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
      fillNetwork(this, content.network, runs);
      this.#fillCourses(content.courses, runs);
      this.planHosts = runs.map((run) => columnOf(content.plan, run, several));
    }
    this.happenings = runs.map(
      (run) => new Happenings(columnOf(content.happenings, run, several), this, run, run.strategy),
    );
    if (this.last < 0) return;
    this.#drawTicks();
    const before = this.step;
    this.step = undefined;
    if (before === undefined) this.#fromAddress();
    else this.setStep(before);
    if (focused) document.getElementById(focused)?.focus(); // a control that was drawn anew keeps the focus
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
    this.#showDiagrams(); // alone: a table drawn anew would lose the focus
  }

  #showDiagrams() {
    for (const { diagram, run, mode } of this.panes)
      diagram.show(run, this.step, mode, this.picked?.run === run ? this.picked.id : undefined);
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
    this.#showDiagrams();
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
      if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || this.last < 0) return;
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
