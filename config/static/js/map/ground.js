// What every map here begins with: an empty ground, or the operator's tiles; a scale; colours of the style sheet.

const CHINA = [
  [18, 73],
  [54, 135],
];

export function openMap(element, words) {
  const map = window.L.map(element, { preferCanvas: true, zoomControl: false, maxZoom: 21 });
  map.attributionControl.setPrefix(false);
  window.L.control.zoom({ zoomInTitle: words.zoomIn, zoomOutTitle: words.zoomOut }).addTo(map);
  window.L.control.scale({ imperial: false }).addTo(map);
  if (words.tiles) {
    window.L.tileLayer(words.tiles, { attribution: escaped(words.attribution), maxZoom: 21, maxNativeZoom: 18 }).addTo(map);
  }
  map.fitBounds(CHINA);
  return map;
}

function escaped(text) {
  const element = document.createElement("span");
  element.textContent = text;
  return element.innerHTML;
}

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export async function fetchJson(address) {
  const answer = await fetch(address, { headers: { Accept: "application/geo+json" } });
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}

// A popup of plain text, line by line: nothing of it is read as HTML.
function lines(texts) {
  const element = document.createElement("div");
  for (const text of texts.filter(Boolean)) {
    const line = element.appendChild(document.createElement("p"));
    line.textContent = text;
  }
  return element;
}

function said(properties, words) {
  if (properties.fault) return [properties.fault === true ? words.fault : properties.fault];
  const title = [properties.code, properties.name].filter(Boolean).join(" ");
  const area = properties.area_ha ? `${properties.area_ha} ha · ${properties.area_mu} ${words.mu}` : "";
  return [title, area, properties.household];
}

// Fields and what is wrong with them, with a word on each. Faults are drawn over everything else.
export function fieldsLayer(geojson, words, { isQuiet = false } = {}) {
  const paint = (feature) =>
    feature.properties.fault
      ? { color: colour("--danger"), weight: 3, fillColor: colour("--danger"), fillOpacity: 0.45 }
      : { color: colour("--paddy"), weight: isQuiet ? 1 : 1.5, fillColor: colour("--paddy"), fillOpacity: isQuiet ? 0.08 : 0.2 };
  return window.L.geoJSON(geojson, {
    interactive: !isQuiet,
    style: paint,
    pointToLayer: (feature, place) => window.L.circleMarker(place, { radius: 9, ...paint(feature) }),
    onEachFeature: (feature, layer) => {
      if (!isQuiet) layer.bindPopup(() => lines(said(feature.properties, words)));
    },
  });
}
