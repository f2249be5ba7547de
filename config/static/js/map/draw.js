// <section data-draw="ID of a textarea">: draw a field by its corners; its outline is written into the textarea as GeoJSON.
//
// Tap: a corner. Drag a corner: move it. Tap a corner: take it out. The small ones between split a side.
// Keys on the map: arrows move it, Enter sets a corner in its middle, Backspace takes the last one. Keys on a corner: arrows move
// the corner, Delete takes it out.

import { areaM2, crossesItself, written } from "./area.js";
import { colour, fetchJson, fieldsLayer, openMap } from "./ground.js";

const PLACES = 8; // a millimetre
const STEP_PX = 4;
const MOVES = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

export class Drawing {
  constructor(section) {
    this.words = section.dataset;
    this.section = section;
    this.text = document.getElementById(this.words.draw);
    this.area = section.querySelector("[data-area]");
    this.canvas = section.querySelector("[data-canvas]");
    this.points = [];
    this.holes = [];
    this.past = [];
    section.hidden = false;
    this.map = openMap(this.canvas, this.words);
    this.map.keyboard.disable();
    // Who taps fast sets two corners.
    this.map.doubleClickZoom.disable();
    this.outline = window.L.polygon([], { interactive: false }).addTo(this.map);
    this.corners = window.L.layerGroup().addTo(this.map);
    this.map.on("click", (event) => this.add(event.latlng));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.text.addEventListener("change", () => this.read());
    for (const button of section.querySelectorAll("[data-do]")) {
      button.addEventListener("click", () => this[button.dataset.do]());
    }
    this.read();
    this.background();
  }

  // What the textarea holds, where it is one polygon.
  read() {
    try {
      const shape = JSON.parse(this.text.value);
      if (shape.type !== "Polygon") return;
      const [outer, ...holes] = shape.coordinates;
      this.points = outer.slice(0, -1).map(([x, y]) => [x, y]);
      this.holes = holes;
    } catch {
      return;
    }
    this.draw();
    this.frame(this.outline.getBounds());
  }

  async background() {
    const sources = [this.words.src, this.words.faults].filter(Boolean);
    for (const address of sources) {
      try {
        const geojson = await fetchJson(address);
        const isOther = (feature) => feature.properties.code !== this.words.without;
        geojson.features = geojson.features.filter(isOther);
        const layer = fieldsLayer(geojson, this.words, { isQuiet: true }).addTo(this.map);
        if (!this.points.length && layer.getBounds().isValid()) this.frame(layer.getBounds());
      } catch (error) {
        console.warn(error);
      }
    }
    this.section.dataset.ready = "yes";
  }

  frame(bounds) {
    if (bounds.isValid()) this.map.fitBounds(bounds, { padding: [24, 24], maxZoom: 18, animate: false });
  }

  remember() {
    this.past.push(this.points.map((point) => [...point]));
    if (this.past.length > 200) this.past.shift();
  }

  add({ lng, lat }, at = this.points.length) {
    this.remember();
    this.points.splice(at, 0, rounded(lng, lat));
    this.changed();
  }

  take(at) {
    this.remember();
    this.points.splice(at, 1);
    this.changed();
  }

  move(at, { lng, lat }) {
    this.points[at] = rounded(lng, lat);
    this.changed();
  }

  undo() {
    if (!this.past.length) return;
    this.points = this.past.pop();
    this.changed();
  }

  clear() {
    this.remember();
    this.points = [];
    this.holes = [];
    this.changed();
  }

  middle() {
    this.add(this.map.getCenter());
  }

  here() {
    if (!navigator.geolocation) {
      this.tell(this.words.nowhere);
      return;
    }
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        this.add({ lng: coords.longitude, lat: coords.latitude });
        if (this.points.length === 1) this.map.setView([coords.latitude, coords.longitude], 18);
        this.tell(`${this.area.textContent} (${this.words.accuracy} ${Math.round(coords.accuracy)} m)`);
      },
      () => this.tell(this.words.nowhere),
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 0 },
    );
  }

  key(event) {
    if (event.target !== this.canvas) return;
    if (event.key in MOVES) {
      const [x, y] = MOVES[event.key];
      this.map.panBy([x * 40, y * 40], { animate: false });
    } else if (event.key === "Enter") this.middle();
    else if (event.key === "Backspace") this.undo();
    else if (event.key === "+" || event.key === "=") this.map.zoomIn();
    else if (event.key === "-") this.map.zoomOut();
    else return;
    event.preventDefault();
  }

  // The shape is what is drawn now, whatever was chosen before: it is written down, in the datum of the map.
  changed() {
    const ring = [...this.points, this.points[0]];
    const shape = { type: "Polygon", coordinates: [ring, ...this.holes] };
    this.text.value = this.points.length > 2 ? JSON.stringify(shape) : "";
    const { datum, converts, swaps, geometry_file: file } = this.text.form.elements;
    datum.value = "WGS84";
    converts.checked = false;
    swaps.checked = false;
    file.value = "";
    this.draw();
  }

  draw() {
    const crosses = this.points.length > 3 && crossesItself(this.points);
    const ink = colour(crosses ? "--danger" : "--water");
    this.outline.setLatLngs([this.points, ...this.holes].map((ring) => ring.map(([x, y]) => [y, x])));
    this.outline.setStyle({ color: ink, fillColor: ink, weight: 2.5, fillOpacity: 0.2 });
    this.corners.clearLayers();
    this.points.forEach((point, at) => this.corner(point, at));
    if (this.points.length > 2) this.points.forEach((point, at) => this.between(point, at));
    this.tell(this.state(crosses));
  }

  state(crosses) {
    if (!this.points.length) return "";
    if (this.points.length < 3) return this.words.few;
    if (crosses) return this.words.crosses;
    const holes = this.holes.reduce((sum, hole) => sum + areaM2(hole.slice(0, -1)), 0);
    return written(areaM2(this.points) - holes, this.words);
  }

  tell(text) {
    this.area.textContent = text;
  }

  corner([x, y], at) {
    const label = `${this.words.point} ${at + 1}`;
    const marker = this.marker([y, x], "corner", label);
    marker.on("dragstart", () => this.remember());
    marker.on("drag", (event) => this.drag(at, event.latlng));
    marker.on("dragend", () => this.move(at, marker.getLatLng()));
    marker.on("click", () => this.take(at));
    marker.getElement().addEventListener("keydown", (event) => this.cornerKey(event, at));
  }

  // While a corner is dragged only the outline follows: to draw the corners anew would take the one away that is held.
  drag(at, { lng, lat }) {
    this.points[at] = rounded(lng, lat);
    this.outline.setLatLngs([this.points.map(([x, y]) => [y, x])]);
    this.tell(this.state(this.points.length > 3 && crossesItself(this.points)));
  }

  cornerKey(event, at) {
    if (event.key in MOVES) {
      const [x, y] = MOVES[event.key];
      const [lng, lat] = this.points[at];
      const place = this.map.latLngToContainerPoint([lat, lng]).add([x * STEP_PX, y * STEP_PX]);
      this.remember();
      this.move(at, this.map.containerPointToLatLng(place));
    } else if (event.key === "Delete" || event.key === "Backspace") this.take(at);
    else return;
    event.preventDefault();
    event.stopPropagation();
    const corners = this.canvas.querySelectorAll(".corner");
    (corners[Math.min(at, this.points.length - 1)] || this.canvas).focus();
  }

  between([x1, y1], at) {
    const [x2, y2] = this.points[(at + 1) % this.points.length];
    const marker = this.marker([(y1 + y2) / 2, (x1 + x2) / 2], "between", "");
    marker.on("dragend", () => this.add(marker.getLatLng(), at + 1));
    marker.on("click", () => this.add(marker.getLatLng(), at + 1));
  }

  marker(place, className, label) {
    const size = className === "corner" ? 44 : 28;
    const icon = window.L.divIcon({ className, iconSize: [size, size] });
    const marker = window.L.marker(place, { icon, draggable: true, keyboard: className === "corner", alt: label, title: label });
    this.corners.addLayer(marker);
    if (label) marker.getElement().setAttribute("aria-label", label);
    return marker;
  }
}

function rounded(lng, lat) {
  return [Number(lng.toFixed(PLACES)), Number(lat.toFixed(PLACES))];
}
