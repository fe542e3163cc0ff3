// The list of the moves that each network expects.

import { byId, make, percent } from "./dom.js";

/** Shows the lists, several below their boards; choose(vertex) is called for a move clicked. */
export function showMoves(networks, layer, boards, choose) {
  const several = networks.length > 1;
  const places = several ? boards.figures.map(({ list }) => list) : [byId("moves")];
  networks.forEach((network, index) => places[index].replaceChildren(section(network, several, layer, choose)));
}

function section(network, several, layer, choose) {
  const best = several ? network.moves.slice(0, 5) : network.moves;
  const most = best.length ? best[0].share : 1;
  const rows = best.map((move) => row(move, most, network.played, layer, choose));
  const played = network.played;
  const missing = played && !best.some((move) => move.vertex === played.vertex);
  const words = missing ? `Played: ${played.vertex}, ${percent(played.share)}`
    + (played.rank ? `, choice ${played.rank}` : "") : "";
  return make("div", {}, make("ol", { className: "moves" }, ...rows),
    make("p", { className: "note", textContent: words }));
}

function row(move, most, played, layer, choose) {
  const bar = make("span", { className: "bar" }, make("i"));
  bar.firstChild.style.width = `${(100 * move.share) / most}%`;
  bar.firstChild.style.background = move.color;
  const isPlayed = played && played.vertex === move.vertex;
  const wins = move.wins === undefined ? "" : `wins ${percent(move.wins)}, ${move.lead > 0 ? "+" : ""}${move.lead} points`;
  const button = make("button", { type: "button", title: wins, onclick: () => choose(move.vertex) },
    make("b", { textContent: move.vertex }), bar,
    make("span", { className: "share", textContent: percent(move.share) }),
    wins ? make("span", { className: "share note", textContent: `${Math.round(100 * move.wins)} %` }) : "");
  button.ariaLabel = `${layer === "saliency" ? "Which stones speak for" : "Play"} ${move.vertex}, `
    + `${percent(move.share)}${wins && `, ${wins}`}${isPlayed ? ", the move played" : ""}`;
  if (isPlayed) button.classList.add("played");
  return make("li", {}, button);
}
