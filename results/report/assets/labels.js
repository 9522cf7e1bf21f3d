// Labels of buses that never cover each other, a unit, a switch or (where it can be helped) a line.

/** Boxes already taken, found again by a coarse grid of cells. */
class Occupied {
  constructor(cell) {
    this.cell = cell;
    this.cells = new Map();
  }

  *keys(box) {
    for (let x = Math.floor(box.x / this.cell); x <= Math.floor((box.x + box.w) / this.cell); x++) {
      for (let y = Math.floor(box.y / this.cell); y <= Math.floor((box.y + box.h) / this.cell); y++) yield `${x},${y}`;
    }
  }

  add(box) {
    for (const key of this.keys(box)) {
      if (!this.cells.has(key)) this.cells.set(key, []);
      this.cells.get(key).push(box);
    }
  }

  hits(box) {
    for (const key of this.keys(box)) {
      for (const b of this.cells.get(key) ?? []) {
        if (b.x < box.x + box.w && box.x < b.x + b.w && b.y < box.y + box.h && box.y < b.y + b.h) return true;
      }
    }
    return false;
  }
}

/**
 * Where labels go: null for each that finds no room. `places` are the buses' centres, `widths` and `height` the
 * labels' sizes, `solid` boxes that must stay free, `lines` points that should, `whole` the box that no label leaves; all
 * in the drawing's pixels.
 */
function placeLabels(places, widths, height, radius, solid, lines, whole) {
  const taken = new Occupied(64),
    soft = new Occupied(64);
  for (const box of solid) taken.add(box);
  for (const [x, y] of places) taken.add({ x: x - radius, y: y - radius, w: 2 * radius, h: 2 * radius });
  for (const [x, y] of lines) soft.add({ x: x - 1, y: y - 1, w: 2, h: 2 });
  return places.map(([x, y], k) => {
    const w = widths[k],
      gap = radius + 1,
      h = height;
    const candidates = [
      [x - w / 2, y + gap],
      [x - w / 2, y - gap - h],
      [x + gap, y + gap - 3],
      [x + gap, y - gap - h + 3],
      [x - gap - w, y + gap - 3],
      [x - gap - w, y - gap - h + 3],
      [x + gap, y - h / 2],
      [x - gap - w, y - h / 2],
    ].map(([left, top]) => ({ x: left, y: top, w, h }));
    const inside = (box) =>
      box.x >= whole.x && box.y >= whole.y && box.x + w <= whole.x + whole.w && box.y + h <= whole.y + whole.h;
    const free = candidates.filter((box) => inside(box) && !taken.hits(box));
    const best = free.find((box) => !soft.hits(box)) ?? free[0] ?? null;
    if (best) taken.add(best);
    return best;
  });
}
