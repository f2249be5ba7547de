// Areas and outlines, computed where they are drawn; what counts is the server's own measurement (ledger/projects/geometry.py).

const A = 6378137; // WGS 84, metres
const F = 1 / 298.257223563;
const E2 = F * (2 - F);
const E = Math.sqrt(E2);
const RADIANS = Math.PI / 180;

// q of the authalic latitude: the area of the ellipsoid between the equator and a parallel is proportional to it (Snyder, 3-12).
function q(latitude) {
  const sine = Math.sin(latitude * RADIANS);
  return (1 - E2) * (sine / (1 - E2 * sine * sine) + Math.atanh(E * sine) / E);
}

// The area of a ring of [longitude, latitude], in square metres on the ellipsoid. Exact where its sides run along meridians and
// parallels; for sides of a few kilometres the difference to geodesics is less than a millionth.
export function areaM2(points) {
  let doubled = 0;
  for (let at = 0; at < points.length; at += 1) {
    const [x1, y1] = points[at];
    const [x2, y2] = points[(at + 1) % points.length];
    doubled += (x2 - x1) * RADIANS * (q(y1) + q(y2));
  }
  return Math.abs((doubled * A * A) / 4);
}

function side([ax, ay], [bx, by], [cx, cy]) {
  return Math.sign((bx - ax) * (cy - ay) - (by - ay) * (cx - ax));
}

// Whether two sides of a ring cross that are not neighbours.
export function crossesItself(points) {
  const count = points.length;
  for (let one = 0; one < count; one += 1) {
    for (let other = one + 2; other < count; other += 1) {
      if (one === 0 && other === count - 1) continue;
      const [a, b] = [points[one], points[(one + 1) % count]];
      const [c, d] = [points[other], points[(other + 1) % count]];
      if (side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b)) return true;
    }
  }
  return false;
}

// Numbers as people read them: hectares with four places, mu with two.
export function written(m2, words) {
  const hectares = m2 / 10000;
  return `${hectares.toFixed(4)} ${words.ha || "ha"} · ${(hectares * 15).toFixed(2)} ${words.mu}`;
}
