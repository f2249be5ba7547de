// <figure data-map data-src="…geojson">: fields on a map that can be moved, in place of the picture that stands there without us.

import { fetchJson, fieldsLayer, openMap } from "./ground.js";

export async function showMap(figure) {
  const words = figure.dataset;
  const sources = [words.src, words.faults].filter(Boolean);
  const found = await Promise.all(sources.map(fetchJson));
  if (!found.some((geojson) => geojson.features.length)) return;
  const layers = found.map((geojson) => fieldsLayer(geojson, words));
  const element = document.createElement("div");
  element.className = "map";
  const picture = figure.querySelector("svg");
  element.setAttribute("role", "region");
  element.setAttribute("aria-label", picture.querySelector("title").textContent);
  picture.replaceWith(element);
  for (const note of figure.querySelectorAll("[data-not-drawn]")) note.remove();
  const map = openMap(element, words);
  for (const layer of layers) layer.addTo(map);
  const isFault = (layer) => layer.feature.properties.fault;
  const parts = layers.flatMap((layer) => layer.getLayers());
  const faults = parts.filter(isFault);
  const bounds = window.L.featureGroup(faults.length ? faults : parts).getBounds();
  map.fitBounds(bounds, { padding: faults.length ? [72, 72] : [16, 16], maxZoom: 18 });
  figure.dataset.shown = "yes";
}
