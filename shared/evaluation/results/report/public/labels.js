/** Places the names of points so that they cover neither each other nor other points. */

const CHARACTER = 6.6;
const LINE = 13;
const GAP = 9;

/** Sides of a point that are tried in this order: right, left, above, below, and the corners. */
const SIDES = [
  { anchor: "start", dx: GAP, dy: 0 },
  { anchor: "end", dx: -GAP, dy: 0 },
  { anchor: "middle", dx: 0, dy: -GAP - 4 },
  { anchor: "middle", dx: 0, dy: GAP + 4 },
  { anchor: "start", dx: GAP - 2, dy: -GAP - 2 },
  { anchor: "start", dx: GAP - 2, dy: GAP + 2 },
  { anchor: "end", dx: 2 - GAP, dy: -GAP - 2 },
  { anchor: "end", dx: 2 - GAP, dy: GAP + 2 },
];

export function placeLabels(points, xOf, yOf, { width, height }) {
  const taken = points.map(({ x, y }) => boxAt(xOf(x) - 6, yOf(y) - 6, 12, 12));
  return points.map((point) => {
    const options = SIDES.map((side) => ({ side, box: labelBox(point, side, xOf, yOf) }));
    const inside = ({ box }) => box.left >= 0 && box.right <= width && box.top >= 0 && box.bottom <= height;
    const cost = (option) =>
      taken.reduce((sum, other) => sum + overlap(option.box, other), 0) + (inside(option) ? 0 : 10_000);
    const best = options.reduce((a, b) => (cost(b) < cost(a) ? b : a));
    taken.push(best.box);
    return { point, ...best.side };
  });
}

function labelBox({ label, x, y }, { anchor, dx, dy }, xOf, yOf) {
  const length = label.length * CHARACTER;
  const start = xOf(x) + dx - (anchor === "end" ? length : anchor === "middle" ? length / 2 : 0);
  return boxAt(start, yOf(y) + dy - LINE / 2, length, LINE);
}

function boxAt(left, top, width, height) {
  return { left, top, right: left + width, bottom: top + height };
}

function overlap(a, b) {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return width > 0 && height > 0 ? width * height : 0;
}
