// The page: takes what gopolicy tells, and hands each part to who shows it.

import { Boards } from "./board.js";
import { allowLookAhead, download, Layers, listenToDialog, listenToFiles, showPhase, Stepper, turnWords } from "./controls.js";
import { byId, colorName, make, percent } from "./dom.js";
import { Graph } from "./graph.js";
import { Link } from "./link.js";
import { showMoves } from "./moves.js";
import { Tree } from "./tree.js";

const link = new Link((message) => hear[message.kind]?.(message), (state) => {
  byId("link").textContent = state;
  if (state) stepper.awaited = false;
});
const stepper = new Stepper(link);
const layers = new Layers(link);
const boards = new Boards(play, (by) => stepper.step(by));
const tree = new Tree((node) => stepper.go(node));
const graph = new Graph((node) => stepper.go(node));
let position = null, phase = { playing: false, score: "", dead: [] }, saying = 0, commenting = 0, opened = null;

const hear = {
  hello({ networks, largest }) {
    files.largest = largest;
    layers.networks = networks;
    allowLookAhead(networks[0].outcome);
    boards.setNetworks(networks.map((network) => network.name));
  },
  game(message) { opened = message; }, // shown with its first position, and not beside another's
  tree({ rows }) {
    tree.set(rows);
    if (position) tree.at(position.node);
  },
  position(message) {
    if (opened) showTitle(opened);
    opened = null;
    const fresh = position?.opened !== message.opened, moved = fresh || position.node !== message.node;
    if (fresh) layers.vertex = "";
    position = message;
    boards.showPosition(message);
    layers.set(message.wish);
    tree.at(message.node);
    graph.at(message.node);
    byId("slider").max = Math.max(1, tree.line.length - 1);
    byId("slider").value = tree.here?.x ?? 0;
    if (moved || document.activeElement !== byId("comment")) byId("comment").value = message.comment;
    byId("note").textContent = message.remark || (hear.looked ? "" : "The network is getting ready ...");
    if (moved) announce(moveWords(message));
    stepper.arrived();
  },
  phase(message) {
    phase = message;
    if (position && message.dead.join() !== [...boards.dead].join()) boards.showDead(message.dead);
    showPhase(message, link);
    byId("moves").hidden ||= Boolean(phase.score);
    showStatus();
  },
  look({ node, layer, networks }) {
    if (node !== position?.node || phase.score) return;
    hear.looked = true;
    boards.showLook(networks);
    layers.setLayers(networks[0].layers);
    byId("note").textContent = [position.remark, networks.length === 1 ? networks[0].note : ""].filter(Boolean).join(" ");
    for (const list of [byId("moves"), ...boards.figures.map((figure) => figure.list)]) list.hidden = layer === "nothing";
    showMoves(networks, layer, boards, layer === "saliency" ? (vertex) => layers.saliency(vertex) : play);
    const best = networks[0].moves.slice(0, 3).map((move) => `${move.vertex} ${percent(move.share)}`);
    if (layer === "moves" && best.length) announce(`Expected: ${best.join(", ")}.`, true);
    else if (networks[0].note) announce(networks[0].note, true);
  },
  graph(message) { graph.set(message); },
  file({ name, text }) { download(name, text); },
  say({ text, more }) {
    announce(text);
    byId("facts").title = more;
  },
  error({ text }) {
    stepper.arrived();
    byId("error").replaceChildren(make("span", { textContent: text }), make("button", {
      type: "button", textContent: "Close", onclick: () => byId("error").replaceChildren(),
    }));
  },
};

function showTitle(game) {
  const side = (name, rank, color) => `${name || color}${rank ? ` (${rank})` : ""}`;
  const names = `${side(game.PB, game.BR, "Black")} – ${side(game.PW, game.WR, "White")}`;
  const known = game.PB || game.PW;
  byId("title").textContent = [known ? names : game.file, game.EV, game.DT, game.RE].filter(Boolean).join(" · ");
  document.title = known ? `${names} – gopolicy board` : "gopolicy board";
  byId("games").hidden = game.games.length < 2;
  byId("games").replaceChildren(...game.games.map((name, index) => make("option", {
    value: index, textContent: `${index + 1}. ${name}`, selected: index === game.game,
  })));
}

function play(vertex) {
  byId("error").replaceChildren();
  link.ask("play", { vertex });
}

/** Sends a comment that was changed, before we go elsewhere. */
function keepComment() {
  clearTimeout(commenting);
  const text = byId("comment").value;
  if (!position || text === position.comment) return;
  position.comment = text;
  link.ask("comment", { node: position.node, text });
}

function moveWords({ number, last, last_color: who, to_play: next }) {
  return last ? `Move ${number}, ${colorName(who)} ${last}. ${colorName(next)} to play.` : `Start of the game. ${colorName(next)} to play.`;
}

/** Says something to those who hear the page, not for every step of a key that is held. */
function announce(text, more = false) {
  clearTimeout(saying);
  announce.text = more && announce.text ? `${announce.text} ${text}` : text;
  saying = setTimeout(() => { byId("announce").textContent = announce.text; announce.text = ""; }, 300);
}

function showStatus() {
  if (!position) return;
  const { number, last, last_color: who, captures } = position;
  byId("turn").textContent = turnWords(phase, position);
  byId("turn").dataset.color = position.to_play;
  byId("status").classList.toggle("busy", phase.thinking);
  const facts = [last ? `Move ${number}: ${colorName(who)} ${last}` : "No move yet"];
  if (captures[0] || captures[1]) facts.push(`captured by Black ${captures[0]}, by White ${captures[1]}`);
  byId("facts").textContent = phase.score ? "Faded stones are taken to be dead; click a stone to change that." : facts.join(" · ");
}

function step(what) {
  const end = { first: 0, last: -1 }[what];
  if (end === undefined) stepper.step(Number(what));
  else stepper.go(tree.line.at(end).number);
}

byId("transport").addEventListener("click", (event) => {
  const what = event.target.closest("button")?.dataset.step;
  if (what && position) step(what);
});
byId("transport").addEventListener("submit", (event) => {
  event.preventDefault();
  if (byId("vertex").value.trim()) play(byId("vertex").value.trim());
  byId("vertex").value = "";
});
byId("slider").addEventListener("input", (event) => {
  const node = tree.line[Number(event.target.value)];
  if (node) stepper.go(node.number);
});
byId("games").addEventListener("change", (event) => link.ask("game", { number: Number(event.target.value) }));
byId("remove").addEventListener("click", () => link.ask("remove"));
byId("comment").addEventListener("input", () => {
  clearTimeout(commenting);
  commenting = setTimeout(keepComment, 300);
});
byId("comment").addEventListener("blur", keepComment);
link.beforeOthers = keepComment;

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, dialog");
  if (typing || event.ctrlKey || event.altKey || event.metaKey || !position) return;
  const way = { ArrowLeft: "-1", ArrowRight: "1", Home: "first", End: "last", PageUp: "-10", PageDown: "10" }[event.key];
  if (way) step(way);
  else if (event.key === "ArrowUp" || event.key === "ArrowDown") tree.turn(event.key === "ArrowUp" ? -1 : 1);
  else if (/^[a-hj-z]$/i.test(event.key)) byId("vertex").focus();
  if (way || event.key.startsWith("Arrow")) event.preventDefault();
});

listenToDialog(link);
const files = listenToFiles(link, (text) => hear.error({ text }));
