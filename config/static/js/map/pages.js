// Every map on a page; where one cannot be drawn, the picture of the fields stays.

import { Drawing } from "./draw.js";
import { showMap } from "./show.js";

for (const figure of document.querySelectorAll("[data-map]")) {
  showMap(figure).catch((error) => console.warn(error));
}
for (const section of document.querySelectorAll("[data-draw]")) new Drawing(section);
