// The one-line diagram: buses by island, branches, switches, units; pan and zoom.

/** The network with the geometry of one of its layouts. */
function laidOut(network, number) {
  const layout = network.layouts[Math.min(number, network.layouts.length - 1)];
  const place = (things, places) => things.map((thing, k) => ({ ...thing, x: places[k][0], y: places[k][1] }));
  return {
    ...network,
    box: layout.box,
    buses: place(network.buses, layout.buses),
    units: place(network.units, layout.units),
    branches: network.branches.map((b, k) => ({ ...b, path: layout.branches[k], middle: layout.middles[k] })),
  };
}

/** What all diagrams of one network share: the part of it that is in view. */
class View {
  constructor(network) {
    const [x, y, w, h] = network.box;
    this.home = { x, y, w, h };
    this.now = { ...this.home };
    this.watchers = [];
  }
  set(box) {
    const least = Math.min(this.home.w, this.home.h, 160);
    if (box.w < least || box.w > 1.6 * this.home.w) return;
    this.now = box;
    for (const watch of this.watchers) watch();
  }
  zoom(factor, at) {
    const { x, y, w, h } = this.now,
      [cx, cy] = at ?? [x + w / 2, y + h / 2];
    this.set({ x: cx - (cx - x) / factor, y: cy - (cy - y) / factor, w: w / factor, h: h / factor });
  }
  reset() {
    this.set({ ...this.home });
  }
}

class Diagram {
  constructor(host, network, view, caption) {
    Object.assign(this, { host, network, view });
    this.labelMode = "name";
    this.svg = make("svg", { class: "diagram", tabindex: 0, role: "img", "aria-label": caption });
    this.layer = Object.fromEntries(
      ["wires", "marks", "stems", "units", "switches", "buses", "labels"].map((name) => {
        const group = make("g", { class: name });
        this.svg.append(group);
        return [name, group];
      }),
    );
    host.append(this.svg);
    this.#build();
    this.#listen();
    view.watchers.push(() => this.#look());
    new ResizeObserver(() => this.#look()).observe(this.svg);
  }

  #build() {
    const { buses, branches, units } = this.network;
    this.branches = branches.map((b) => {
      const path = make("path", { d: b.path, "data-branch": b.id }, make("title"));
      this.layer.wires.append(path);
      if (!b.switchable) return { path };
      const [x, y, angle] = b.middle;
      const knob = make(
        "g",
        { "data-switch": b.id },
        make("title"),
        make("rect", { x: -6, y: -6, width: 12, height: 12, rx: 1.5 }),
        make("path", { d: "M-4-4L4 4M-4 4L4-4", class: "cross" }),
      );
      this.layer.switches.append(make("g", { transform: `translate(${x} ${y}) rotate(${angle})` }, knob));
      return { path, knob };
    });
    this.buses = buses.map((b) => {
      const node = make("path", { "data-bus": b.id }, make("title"));
      this.layer.buses.append(make("g", { transform: `translate(${b.x} ${b.y})` }, node));
      return { node };
    });
    this.labels = buses.map((b) => {
      const text = make("text", { "data-label": b.id });
      this.layer.labels.append(text);
      return text;
    });
    this.units = units.map((u) => {
      const bus = buses[u.bus];
      this.layer.stems.append(make("line", { x1: bus.x, y1: bus.y, x2: u.x, y2: u.y }));
      const group = make(
        "g",
        { transform: `translate(${u.x} ${u.y})`, "data-unit": u.id, class: `unit ${u.kind}` },
        make("title"),
        make("rect", { class: "body", x: -BOX.w / 2, y: -BOX.h / 2, width: BOX.w, height: BOX.h, rx: 4 }),
        make("text", { y: -3, class: "kind" }, KINDS[u.kind]),
        make("text", { y: 7, class: "output" }),
      );
      if (u.kind === "ess")
        group.append(make("rect", { class: "stored", x: -BOX.w / 2 + 3, y: BOX.h / 2 - 4, height: 2.5, width: 0 }));
      this.layer.units.append(group);
      return group;
    });
    this.busesOfArea = new Map(this.network.areas.map((a) => [a.id, a.buses]));
    this.busNumber = new Map(buses.map((b, k) => [b.id, k]));
    const lines = [...this.branches.map(({ path }) => path), ...this.layer.stems.children];
    this.linePoints = lines.flatMap((line) => {
      const length = line.getTotalLength(),
        points = [];
      for (let at = 4; at < length; at += 7) {
        const p = line.getPointAtLength(at);
        points.push([p.x, p.y]);
      }
      return points;
    });
  }

  /** Show a run at a step: `mode` is "actual" or "plan"; `picked` is an element to point at. */
  show(run, step, mode, picked) {
    Object.assign(this, { run, step, mode });
    const island = mode === "plan" ? run.bus.planned : run.bus.island;
    const closed = mode === "plan" ? run.branch.planned : run.branch.closed;
    const slot = (bus) => (island[bus][step] < 0 ? -1 : run.slots[island[bus][step]] % SHAPES.length);
    const shed = this.#shedBuses(run, step, mode);
    this.buses.forEach((bus, k) => {
      const at = slot(k);
      const look = at < 0 ? "dark" : `live i${at}${shed.has(k) ? " shed" : ""}`;
      const first = island[k][step] < 0 ? "" : this.network.buses[island[k][step]].id;
      if (bus.look !== look || bus.first !== first) {
        bus.node.setAttribute("class", look);
        bus.node.setAttribute("d", at < 0 ? DARK_SHAPE : SHAPES[at]);
        bus.node.dataset.island = first;
        Object.assign(bus, { look, first });
      }
    });
    this.branches.forEach((branch, k) => {
      const { from, to } = this.network.branches[k];
      const isClosed = closed[k][step] === 1,
        fault = run.branch.faulted[k][step] === 1;
      const live = isClosed && island[from][step] >= 0 && island[from][step] === island[to][step];
      const look = `${fault ? "fault " : ""}${live ? `live i${slot(from)}` : isClosed ? "dark" : "open"}`;
      if (branch.look === look) return;
      branch.path.setAttribute("class", look);
      branch.knob?.setAttribute("class", `${isClosed ? "closed" : "open"} ${look}`);
      branch.look = look;
    });
    this.#showUnits(run, step, mode);
    this.#mark(run, step, mode, picked);
    if (this.labelMode !== "name") this.#writeLabels();
  }

  #shedBuses(run, step, mode) {
    const shed = new Set();
    run.area.ids.forEach((id, a) => {
      const kw = mode === "plan" ? run.area.plannedKw[a][step] : run.area.servedKw[a][step];
      const off = run.area.demandKw[a][step] > 0 && !(kw > 0);
      if (off) for (const bus of this.busesOfArea.get(id) ?? []) shed.add(bus);
    });
    return shed;
  }

  #showUnits(run, step, mode) {
    const forming = new Set((run.islandRows[step] ?? []).map((row) => row[1]));
    this.units.forEach((group, k) => {
      const { id, kind, capacityKwh } = this.network.units[k],
        u = run.unitNumber.get(id);
      const planned = u === undefined ? { kw: NaN } : run.plannedOf(u, step);
      const kw = mode === "plan" ? planned.kw : run.unit.pKw[u]?.[step];
      const state = u === undefined ? "" : (run.unit.words[run.unit.state[u][step]] ?? "");
      const forms = mode === "plan" ? run.planned.forms[u]?.[step] === 1 : forming.has(id);
      const off =
        mode === "plan" ? !(Math.abs(kw) > 0.05 || forms) : state === "off" || state === "waiting" || state === "";
      group.setAttribute("class", `unit ${kind}${off ? " off" : ""}${forms ? " forms" : ""}`);
      group.querySelector(".output").textContent =
        off && mode !== "plan" ? state || "–" : state === "starting" && mode !== "plan" ? "starting" : number(kw);
      if (mode === "plan" && planned.sum && !off) group.querySelector(".output").textContent = `Σ ${number(kw)}`;
      if (kind === "ess" && u !== undefined && capacityKwh > 0) {
        const share = Math.min(1, Math.max(0, run.unit.energyKwh[u][step] / capacityKwh));
        group.querySelector(".stored").setAttribute("width", ((BOX.w - 6) * (share || 0)).toFixed(1));
      }
    });
  }

  /** Rings: what breaks a limit, where plan and happening differ, and the element that was picked in a table. */
  #mark(run, step, mode, picked) {
    const { buses, branches } = this.network;
    const rings = new Map(); // kinds of ring by place, each further out than the one before
    const ring = (x, y, kind) => {
      const key = `${x} ${y}`;
      if (!rings.has(key)) rings.set(key, new Set());
      rings.get(key).add(kind);
    };
    const now = run.times[step];
    for (const [first, last, violation, , element] of run.happenings) {
      if (violation && mode === "actual" && first <= now && now <= last) {
        for (const [x, y] of this.#placesOf(element)) ring(x, y, "violated");
      }
    }
    const apart = new Set(run.areasApart(step).flatMap((id) => this.busesOfArea.get(id) ?? []));
    const told = Number.isFinite(run.planned.plan[step]);
    buses.forEach((b, k) => {
      const differs = run.bus.planned[k][step] >= 0 !== run.bus.island[k][step] >= 0;
      if (told && (apart.has(k) || differs)) ring(b.x, b.y, "differs");
    });
    branches.forEach((b, k) => {
      const planned = run.branch.planned[k][step];
      const differs = Number.isFinite(planned) && planned !== run.branch.closed[k][step];
      if (b.switchable && differs) ring(b.middle[0], b.middle[1], "differs");
    });
    if (picked) for (const [x, y] of this.#placesOf(picked)) ring(x, y, "picked");
    this.layer.marks.replaceChildren(
      ...[...rings].flatMap(([key, kinds]) => {
        const [cx, cy] = key.split(" ");
        return [...kinds].map((kind, k) => make("circle", { cx, cy, r: RING - 0.5 + 4 * k, class: kind }));
      }),
    );
  }

  /** Where an element of any kind stands in the drawing. */
  #placesOf(id) {
    const { buses, branches, units } = this.network;
    const bus = this.busNumber.get(id);
    if (bus !== undefined) return [[buses[bus].x, buses[bus].y]];
    const area = this.busesOfArea.get(id);
    if (area) return area.map((k) => [buses[k].x, buses[k].y]);
    return [
      ...branches.filter((b) => b.id === id).map((b) => b.middle.slice(0, 2)),
      ...units.filter((u) => u.id === id).map((u) => [u.x, u.y]),
    ];
  }

  /** Fill in what hovering tells, for one element only: all of them would cost too much at every step. */
  tell(target) {
    const title = target.querySelector("title");
    if (this.run && title) title.textContent = toldOf(target, this.run, this.step, this.network, this.mode);
  }

  setLabels(mode) {
    this.labelMode = mode;
    this.#look();
  }

  #labelTexts() {
    if (this.labelMode === "voltage" && this.run)
      return this.network.buses.map((_, k) =>
        Number.isFinite(this.run.bus.vm?.[k][this.step]) && this.mode === "actual"
          ? number(this.run.bus.vm[k][this.step], 3)
          : "",
      );
    return this.network.buses.map((b) => (this.labelMode === "none" ? "" : b.id));
  }

  #writeLabels() {
    const texts = this.#labelTexts();
    this.labels.forEach((label, k) => {
      if (label.textContent !== texts[k]) label.textContent = texts[k];
    });
  }

  /** After panning, zooming or resizing: the part in view, sizes of type, and which labels there is room for. */
  #look() {
    const { x, y, w, h } = this.view.now,
      width = this.svg.clientWidth,
      height = this.svg.clientHeight;
    if (!width || !height) return;
    this.svg.setAttribute("viewBox", `${x} ${y} ${w} ${h}`);
    const scale = Math.min(width / w, height / h);
    this.svg.classList.toggle("far", 9.5 * scale < 4.6);
    // Seen from afar, signs are drawn larger than to scale.
    const boost = Math.min(2, Math.max(1, 0.5 / scale));
    this.svg.style.setProperty("--boost", boost.toFixed(2));
    const size = Math.min(13, Math.max(10, 11 * scale)) / scale;
    this.layer.labels.setAttribute("font-size", size.toFixed(2));
    const widest = this.labelMode === "voltage" ? "0.000" : null;
    const widths = this.network.buses.map((b) => textWidth(widest ?? b.id) * size + 2 / scale);
    const solid = [
      ...this.network.units.map((u) => ({
        x: u.x - BOX.w / 2 - 1,
        y: u.y - BOX.h / 2 - 1,
        w: BOX.w + 2,
        h: BOX.h + 2,
      })),
      ...this.network.branches
        .filter((b) => b.switchable)
        .map(({ middle: [mx, my] }) => ({ x: mx - 7 * boost, y: my - 7 * boost, w: 14 * boost, h: 14 * boost })),
    ];
    const places = this.network.buses.map((b) => [b.x, b.y]);
    const found =
      this.labelMode === "none"
        ? places.map(() => null)
        : placeLabels(places, widths, 1.15 * size, Math.max(8 * boost, RING), solid, this.linePoints, this.view.home);
    this.labels.forEach((label, k) => {
      const box = found[k];
      label.classList.toggle("hidden", !box);
      if (!box) return;
      label.setAttribute("x", (box.x + box.w / 2).toFixed(1));
      label.setAttribute("y", (box.y + 0.9 * size).toFixed(1));
    });
    this.#writeLabels();
  }

  #listen() {
    const svg = this.svg;
    const at = (event) => {
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      return [point.x, point.y];
    };
    let from = null;
    svg.addEventListener("pointerdown", (event) => {
      if (event.button === 0) {
        from = at(event);
        svg.setPointerCapture(event.pointerId);
      }
    });
    svg.addEventListener("pointermove", (event) => {
      if (!from) return;
      const [x, y] = at(event),
        now = this.view.now;
      this.view.set({ ...now, x: now.x + from[0] - x, y: now.y + from[1] - y });
    });
    for (const end of ["pointerup", "pointercancel"])
      svg.addEventListener(end, () => {
        from = null;
      });
    svg.addEventListener(
      "wheel",
      (event) => {
        // with Ctrl, so that the page can still be scrolled over a diagram
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        this.view.zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, at(event));
      },
      { passive: false },
    );
    svg.addEventListener("dblclick", (event) => this.view.zoom(1.8, at(event)));
    const part = 0.15; // of what is in view, for each press of a key
    const pan = (right, down) => () => {
      const { x, y, w, h } = this.view.now;
      this.view.set({ x: x + right * part * w, y: y + down * part * h, w, h });
    };
    const arrows = { ArrowLeft: pan(-1, 0), ArrowRight: pan(1, 0), ArrowUp: pan(0, -1), ArrowDown: pan(0, 1) };
    svg.addEventListener("keydown", (event) => {
      const act = {
        ...(event.shiftKey ? arrows : {}),
        "+": () => this.view.zoom(1.3),
        "=": () => this.view.zoom(1.3),
        "-": () => this.view.zoom(1 / 1.3),
        0: () => this.view.reset(),
      }[event.key];
      if (act) {
        act();
        event.preventDefault();
      }
    });
    svg.addEventListener("pointerover", (event) => {
      const target = event.target.closest("[data-bus],[data-unit],[data-branch],[data-switch]");
      if (target) this.tell(target);
    });
  }
}

const measured = new Map();
/** Width of a text per pixel of its size. */
function textWidth(text) {
  if (!measured.has(text)) {
    textWidth.context ??= document.createElement("canvas").getContext("2d");
    textWidth.context.font = `500 100px ${getComputedStyle(document.body).fontFamily}`;
    measured.set(text, textWidth.context.measureText(text).width / 100);
  }
  return measured.get(text);
}
