// Small helpers around the document; text is always set as text, never as markup.

export const byId = (id) => document.getElementById(id);

export function make(tag, settings = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(settings)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Returns a board that came as text; it is parsed as XML, so no script in it could run. */
export function boardFrom(text) {
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  const svg = document.importNode(parsed, true);
  svg.setAttribute("aria-hidden", "true");
  return svg;
}

const COLUMNS = "ABCDEFGHJKLMNOPQRSTUVWXYZ";

export function vertexName(index, size) {
  return COLUMNS[index % size] + (size - Math.floor(index / size));
}

export const colorName = (color) => ["Empty", "Black", "White"][color];

export function percent(share) {
  if (share < 0.0005) return "< 0.1 %";
  return `${(100 * share).toFixed(share >= 0.0995 ? 0 : 1)} %`;
}
