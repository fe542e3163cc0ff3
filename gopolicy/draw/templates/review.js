// Steps through the game of a review.  Text of the file goes into the page as text alone.
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const NS = "http://www.w3.org/2000/svg";
const { size, nodes, moves } = data;
const board = byId("board").querySelector("svg");
const { cell, left, top: high } = Object.fromEntries(["cell", "left", "top"].map((k) => [k, Number(board.dataset[k])]));
const names = ["", "Black", "White"];
const percent = (share) => `${(100 * share).toFixed(1)} %`;
nodes.forEach((node) => { node.children = []; });
nodes.forEach((node, index) => { if (node.parent >= 0) nodes[node.parent].children.push(index); });
const mainLine = nodes.map((node, index) => index).filter((index) => nodes[index].main);
let here = 0;

function draw(name, attributes, text = "") {
  const made = document.createElementNS(NS, name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  made.textContent = text;
  return made;
}
const place = (point) => [left + (point % size) * cell, high + Math.floor(point / size) * cell];

/** Returns what writes a text on a point: on a disc of wood, or on a stone of this color. */
function label(point, color, text, name = "share") {
  const [x, y] = place(point), fill = color === 1 ? "#fff" : "#23211e";
  const words = { x, y: y + cell * 0.15, "font-size": cell * 0.42, "text-anchor": "middle", fill, class: name };
  const disc = { cx: x, cy: y, r: cell * 0.36, fill: "#e2be7c" };
  return [...(color ? [] : [draw("circle", disc)]), draw("text", words, text)];
}

function stonesAt(index) {
  const path = [];
  for (let at = index; at >= 0; at = nodes[at].parent) path.push(at);
  const stones = new Array(size * size).fill(0);
  path.reverse().forEach((at) => nodes[at].set.forEach(([point, color]) => { stones[point] = color; }));
  return stones;
}

const layer = draw("g", { class: "position" });
board.append(layer);

function show(index) {
  here = index;
  const node = nodes[index], stones = stonesAt(index), drawn = [];
  stones.forEach((color, point) => {
    if (!color) return;
    const [cx, cy] = place(point), name = color === 1 ? "black" : "white";
    drawn.push(draw("circle", { cx, cy, r: data.stone, fill: `url(#stone-${name})`, class: name }));
  });
  if (node.last >= 0) {
    const [cx, cy] = place(node.last), stroke = node.color === 1 ? "#fff" : "#222";
    drawn.push(draw("circle", { cx, cy, r: cell * 0.24, fill: "none", stroke, "stroke-width": 3, class: "last-move" }));
  }
  const next = node.main && node.decides ? moves[node.ply] : undefined;
  const marks = node.marks || [], taken = new Set(marks.map(([point]) => point));
  (next ? next.top : []).forEach(([point, , share]) => {
    if (share >= 0.01 && !taken.has(point)) drawn.push(...label(point, 0, String(Math.round(100 * share))));
  });
  marks.forEach(([point, text]) => drawn.push(...label(point, stones[point], text, "mark")));
  layer.replaceChildren(...drawn);
  tell(node, next);
}

function tell(node, next) {
  const seen = node.main && node.vertex ? moves[node.ply - 1] : undefined;
  byId("move").textContent = node.vertex ? `Move ${node.ply}: ${names[node.color]} ${node.vertex}` : node.ply ? `After move ${node.ply}` : "Before the first move";
  let words = node.main || !node.vertex ? "" : "A variation.";
  if (seen && seen.rank) {
    words = `Expected with ${percent(seen.probability)}, choice number ${seen.rank}; first choice ${seen.best} (${percent(seen.best_probability)}).`;
    if (seen.win_rate_lost !== null) words += ` Lost ${percent(seen.win_rate_lost)} of win rate, ${seen.points_lost.toFixed(1)} points.`;
  }
  byId("seen").textContent = words;
  byId("next").textContent = next ? `The network expects ${next.top.map(([, vertex, share]) => `${vertex} ${percent(share)}`).join(", ")}.` : "";
  byId("comment").textContent = node.comment || "";
  byId("comment").hidden = !node.comment;
  byId("branches").replaceChildren(...(node.children.length > 1 ? node.children : []).map((child) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = nodes[child].vertex || "setup";
    button.addEventListener("click", () => show(child));
    return button;
  }));
  const at = mainLine.indexOf(here);
  if (at >= 0) byId("slider").value = at;
  document.querySelectorAll(".here").forEach((mark) => mark.setAttribute("x", node.ply - 0.5));
  if (byId("wins") && node.main && moves.length) {
    const [wins, lead] = values()[node.ply];
    byId("wins").textContent = percent(wins);
    byId("lead").textContent = lead.toFixed(1);
  }
}

const values = () => [[moves[0].before.wins, moves[0].before.lead], ...moves.map((move) => [move.black_win_rate, move.black_lead])];

function graph(id, ...parts) {
  const svg = byId(id);
  if (!svg) return;
  svg.setAttribute("viewBox", `-0.5 0 ${moves.length + 1} 100`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.append(...parts, draw("rect", { class: "here", y: 0, width: 1, height: 100, x: -0.5 }));
  svg.addEventListener("click", (event) => {
    const box = svg.getBoundingClientRect();
    toMove(Math.round(((event.clientX - box.left) / box.width) * (moves.length + 1) - 0.5));
  });
}
const line = (numbers) => draw("path", { d: numbers.map((y, x) => `${x ? "L" : "M"}${x} ${y.toFixed(2)}`).join("") });
const middle = () => draw("path", { class: "middle", d: `M-0.5 50H${moves.length + 0.5}` });

if (moves.length) {
  if (byId("graph-wins")) {
    const all = values(), most = Math.max(10, ...all.map(([, lead]) => Math.ceil(Math.abs(lead) / 10) * 10));
    byId("scale").textContent = `from ${-most} to ${most}`;
    graph("graph-wins", middle(), line(all.map(([wins]) => 100 - 100 * wins)));
    graph("graph-lead", middle(), line(all.map(([, lead]) => 50 - (50 * lead) / most)));
  }
  graph("graph-share", ...moves.filter((move) => move.rank).map((move) => {
    const height = Math.max(1.5, 100 * move.probability);
    return draw("rect", { x: move.number - 0.4, y: 100 - height, width: 0.8, height, class: move.rank === 1 ? "bar first" : "bar" });
  }));
}

const toMove = (ply) => show(mainLine.find((index) => nodes[index].ply >= ply) ?? mainLine[mainLine.length - 1]);
const back = () => show(Math.max(nodes[here].parent, 0));
const on = () => show(nodes[here].children[0] ?? here);
function end() {
  let at = here;
  while (nodes[at].children.length) at = nodes[at].children[0];
  show(at);
}
function sideways(by) {
  const parent = nodes[here].parent;
  if (parent < 0) return;
  const around = nodes[parent].children;
  show(around[(around.indexOf(here) + by + around.length) % around.length]);
}
const keys = { ArrowLeft: back, ArrowRight: on, Home: () => show(0), End: end, ArrowUp: () => sideways(-1), ArrowDown: () => sideways(1) };
document.addEventListener("keydown", (event) => {
  if (!keys[event.key] || event.ctrlKey || event.altKey || event.metaKey || event.target.type === "range") return;
  const vertical = event.key === "ArrowUp" || event.key === "ArrowDown";
  if (vertical && !(nodes[here].parent >= 0 && nodes[nodes[here].parent].children.length > 1)) return;
  event.preventDefault();
  keys[event.key]();
});
byId("board").addEventListener("wheel", (event) => {
  if (event.ctrlKey) return;
  event.preventDefault();
  (event.deltaY > 0 ? on : back)();
}, { passive: false });
byId("start").addEventListener("click", () => show(0));
byId("back").addEventListener("click", back);
byId("on").addEventListener("click", on);
byId("end").addEventListener("click", end);
byId("slider").max = mainLine.length - 1;
byId("slider").addEventListener("input", (event) => show(mainLine[Number(event.target.value)]));
document.querySelectorAll("[data-move]").forEach((button) => button.addEventListener("click", () => {
  toMove(Number(button.dataset.move));
  byId("board").scrollIntoView({ block: "nearest" });
}));
show(0);
