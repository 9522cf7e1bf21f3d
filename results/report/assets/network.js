// The section of the page that shows the network: tools, legend, a diagram per run, and the islands of the step.

/** A column for a run, with its strategy as title where there are several. */
function columnOf(host, run, titled) {
  const inner = make("div");
  host.append(make("div", { class: "column" }, ...(titled ? [make("h3", {}, run.strategy)] : []), inner));
  return inner;
}

function fillNetwork(page, host, runs) {
  host.classList.remove("pair");
  const drawn = runs.filter((run) => run.hasDiagram);
  if (!drawn.length) {
    host.append(make("p", { class: "note" }, payload.noDiagram || payload.otherSeed));
    page.islandHosts = runs.map((run) => [run, columnOf(host, run, runs.length > 1)]);
    return;
  }
  const network = laidOut(drawn[0].network, page.layout),
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
  labels.value = page.labelMode;
  labels.addEventListener("change", () => {
    page.labelMode = labels.value;
    for (const { diagram } of page.panes) diagram.setLabels(labels.value);
  });
  tools.append(make("label", { class: "choice" }, "Bus labels ", labels));
  if (network.layouts.length > 1) {
    const words = { coordinates: "by coordinates", tree: "feeders as rows" };
    const layout = make(
      "select",
      { id: "layout" },
      ...network.layouts.map(({ by }, k) => make("option", { value: k }, words[by])),
    );
    layout.value = page.layout;
    layout.addEventListener("change", () => {
      page.layout = Number(layout.value);
      page.fill();
    });
    tools.append(make("label", { class: "choice" }, "Drawn ", layout));
  }
  if (payload.kind === "run") {
    const beside = make("input", { type: "checkbox", id: "beside" });
    beside.checked = page.beside;
    beside.addEventListener("change", () => {
      page.beside = beside.checked;
      page.fill();
    });
    tools.append(make("label", { class: "choice" }, beside, " plan in force beside it"));
  }
  host.append(tools, legend());
  const wanted = drawn.flatMap((run) => [
    [run, "actual"],
    ...(payload.kind === "run" && page.beside ? [[run, "plan"]] : []),
  ]);
  const panes = make("div", { class: `panes${w / h < 1.7 && w < 1300 && wanted.length > 1 ? " abreast" : ""}` });
  host.append(panes);
  page.islandHosts = [];
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
    diagram.setLabels(page.labelMode);
    page.panes.push({ diagram, run, mode });
    if (mode === "actual") page.islandHosts.push([run, islands]);
  }
}
