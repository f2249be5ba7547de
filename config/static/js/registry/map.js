// The map of all projects: clusters that the server has counted for what is in view. No tiles; lines of degrees instead.

/* global L */

const STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30];
const MOST_LINES = 9;
const WAIT_MS = 150;

function stepFor(degrees) {
  return STEPS.find((step) => degrees / step <= MOST_LINES) ?? STEPS.at(-1);
}

function drawGrid(map, layer) {
  layer.clearLayers();
  const bounds = map.getBounds();
  const [west, south, east, north] = [bounds.getWest(), Math.max(bounds.getSouth(), -85), bounds.getEast(), Math.min(bounds.getNorth(), 85)];
  const step = stepFor(Math.max(east - west, north - south));
  const line = (points, text, at) => {
    L.polyline(points, { className: "projects-map__line", interactive: false }).addTo(layer);
    L.marker(at, { interactive: false, keyboard: false, icon: L.divIcon({ className: "projects-map__degree", html: text, iconSize: null }) }).addTo(layer);
  };
  for (let degree = Math.ceil(west / step) * step; degree <= east; degree += step) {
    line([[south, degree], [north, degree]], `${Number(degree.toFixed(4))}°`, [south, degree]);
  }
  for (let degree = Math.ceil(south / step) * step; degree <= north; degree += step) {
    line([[degree, west], [degree, east]], `${Number(degree.toFixed(4))}°`, [degree, west]);
  }
}

function popupOf(point) {
  const box = document.createElement("div");
  const link = document.createElement("a");
  link.href = point.address;
  link.textContent = point.name;
  const facts = document.createElement("p");
  facts.textContent = `${point.code} · ${point.area_ha} ha`;
  box.append(link, facts);
  return box;
}

function drawPoint(point, map, layer, word) {
  const place = [point.latitude, point.longitude];
  if (point.count === 1) {
    L.circleMarker(place, { radius: 7, className: "projects-map__one" }).bindPopup(popupOf(point)).addTo(layer);
    return;
  }
  const size = 26 + Math.min(22, Math.round(5 * Math.log10(point.count) ** 1.3));
  const icon = L.divIcon({ className: "projects-map__many", html: String(point.count), iconSize: [size, size] });
  const marker = L.marker(place, { icon, title: `${point.count} ${word}`, alt: `${point.count} ${word}`, keyboard: true });
  marker.on("click", () => map.setView(place, Math.min(map.getZoom() + 2, 18))).addTo(layer);
}

function start(element) {
  const state = document.getElementById("projects-map-state");
  const { points: address, count: word, failed, zoomIn, zoomOut, west, south, east, north } = element.dataset;
  element.hidden = false;
  document.getElementById("projects-picture").hidden = true;
  const map = L.map(element, { minZoom: 2, maxZoom: 18, zoomSnap: 0.5, attributionControl: false, zoomControl: false, worldCopyJump: false });
  L.control.zoom({ zoomInTitle: zoomIn, zoomOutTitle: zoomOut }).addTo(map);
  const grid = L.layerGroup().addTo(map);
  const layer = L.layerGroup().addTo(map);
  let asked = 0;
  let waiting = 0;

  async function load() {
    const bounds = map.getBounds();
    const mine = ++asked;
    const query = new URLSearchParams({
      west: Math.max(bounds.getWest(), -180).toFixed(4),
      south: Math.max(bounds.getSouth(), -90).toFixed(4),
      east: Math.min(bounds.getEast(), 180).toFixed(4),
      north: Math.min(bounds.getNorth(), 90).toFixed(4),
    });
    try {
      const answer = await fetch(`${address}?${query}`);
      if (!answer.ok) throw new Error(String(answer.status));
      const { points } = await answer.json();
      if (mine !== asked) return;
      layer.clearLayers();
      points.forEach((point) => drawPoint(point, map, layer, word));
      state.textContent = `${points.reduce((sum, point) => sum + point.count, 0)} ${word}`;
    } catch {
      if (mine === asked) state.textContent = failed;
    }
  }

  map.on("moveend", () => {
    drawGrid(map, grid);
    clearTimeout(waiting);
    waiting = setTimeout(load, WAIT_MS);
  });
  map.fitBounds([[Number(south), Number(west)], [Number(north), Number(east)]], { maxZoom: 11 });
}

const element = document.getElementById("projects-map");
if (element) start(element);
