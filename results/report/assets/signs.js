// The signs of the diagram, and what they mean.

const SHAPES = [
  // a shape for each colour, so that islands differ without colour too
  "M-7 0a7 7 0 1 0 14 0a7 7 0 1 0-14 0Z",
  "M-6.2-6.2H6.2V6.2H-6.2Z",
  "M0-8.6L8.6 0L0 8.6L-8.6 0Z",
  "M0-8.2L8 6H-8Z",
  "M-4-7H4L8 0L4 7H-4L-8 0Z",
  "M0 8.2L8-6H-8Z",
  "M-2.6-7.6H2.6V-2.6H7.6V2.6H2.6V7.6H-2.6V2.6H-7.6V-2.6H-2.6Z",
];
const DARK_SHAPE = "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0Z";
const KINDS = { pv: "PV", ess: "ESS", nbsu: "NBSU", infeed: "Infeed" };
const BOX = { w: 46, h: 26 };
const RING = 11; // radius of a mark around a bus, which labels keep clear of

/** What the diagram's signs mean. */
function legend() {
  const sign = (...shapes) => make("svg", { viewBox: "-12 -10 24 20", class: "key", "aria-hidden": "true" }, ...shapes);
  const wire = (look) => make("g", { class: "wires" }, make("path", { d: "M-11 0H11", class: look }));
  const bus = (look, d) => make("g", { class: "buses" }, make("path", { class: look, d }));
  const knob = (look) =>
    make(
      "g",
      { class: "switches" },
      make(
        "g",
        { class: look },
        make("rect", { x: -6, y: -6, width: 12, height: 12, rx: 1.5 }),
        make("path", { d: "M-4-4L4 4M-4 4L4-4", class: "cross" }),
      ),
    );
  const box = (kind) =>
    make(
      "g",
      { class: "units" },
      make(
        "g",
        { class: `unit ${kind}` },
        make("rect", { class: "body", x: -10, y: -6, width: 20, height: 12, rx: 3 }),
      ),
    );
  const entries = [
    [sign(bus("live i0", SHAPES[0])), "energised"],
    [sign(bus("live i1", SHAPES[1])), "another island"],
    [sign(bus("live i0 shed", SHAPES[0])), "energised, customers not served"],
    [sign(bus("dark", DARK_SHAPE)), "dark"],
    [sign(wire("live i0"), knob("closed live i0")), "switch closed"],
    [sign(wire("open"), knob("open")), "switch open"],
    [sign(wire("fault open"), knob("fault open")), "faulted"],
    [sign(box("ess forms")), "thick frame: forms the voltage"],
    [sign(box("pv off")), "unit off; numbers are kW"],
    [sign(make("circle", { r: 8, class: "differs" })), "plan and happening differ"],
    [sign(make("circle", { r: 8, class: "violated" })), "limit broken"],
  ];
  return make("p", { class: "legend signs" }, ...entries.map(([key, text]) => make("span", {}, key, ` ${text}`)));
}
