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

const PART = /\n(?=<[a-z])/;
const PIECE = /<(\w+)[^>]*?(?:\/>|>(?:<title>[^<]*<\/title>|[^<]*)<\/\1>)/g;
const GROUP = /^(<g[^>]*>)(.*)<\/g>$/s;

/** Shows a board that came as text: elements that are there already stay, so that a step costs little. */
export function showBoard(stage, text) {
  const [head, ...parts] = text.replace(/\n<\/svg>$/, "").split(PART);
  if (stage.head !== head) {
    const [svg] = parsed(`${head}</svg>`);
    svg.setAttribute("aria-hidden", "true");
    stage.querySelector("svg")?.remove();
    stage.prepend(svg);
    stage.head = head;
  }
  const svg = stage.firstChild;
  const groups = parts.map(split);
  fill(svg, groups.map(({ shell }) => shell));
  for (const { shell, pieces } of groups) if (pieces) fill(svg.pieces.get(shell), pieces);
}

/** Takes a group apart, if it is one of simple elements. */
function split(part) {
  const [, head, inside] = GROUP.exec(part) ?? [], pieces = inside?.match(PIECE);
  return pieces?.join("") === inside && pieces ? { shell: `${head}</g>`, pieces } : { shell: part };
}

/** Lets an element have these pieces of markup as children, in this order. */
function fill(parent, pieces) {
  const old = parent.pieces ?? new Map(), wanted = new Set(pieces), found = new Map();
  for (const [piece, element] of old) if (!wanted.has(piece)) element.remove();
  const fresh = parsed([...wanted].filter((piece) => !old.has(piece)).join(""));
  let next = parent.firstChild;
  for (const piece of wanted) {
    const element = old.get(piece) ?? fresh.shift();
    if (element === next) next = next.nextSibling;
    else parent.insertBefore(element, next);
    found.set(piece, element);
  }
  parent.pieces = found;
}

/** Returns the elements in a text; it is parsed as XML, so no script in it could run. */
function parsed(text) {
  if (!text) return [];
  const whole = `<svg xmlns="http://www.w3.org/2000/svg">${text}</svg>`;
  return [...new DOMParser().parseFromString(whole, "image/svg+xml").documentElement.children];
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
