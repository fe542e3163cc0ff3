// How far the network agreed with the moves of a game, and the moves it expected least.

import { byId, colorName, draw, make, percent } from "./dom.js";

const HEIGHT = 72, SURPRISING = 0.05, LISTED = 12;

export class Graph {
  constructor(go) {
    this.go = go;
    this.moves = [];
    byId("graph").addEventListener("click", (event) => {
      const box = byId("graph").getBoundingClientRect();
      const at = Math.floor(((event.clientX - box.left) / box.width) * this.moves.length);
      if (this.moves[at]) this.go(this.moves[at].node);
    });
  }

  set(moves) {
    this.moves = moves;
    byId("agreement").hidden = moves.length < 2;
    const part = (some) => percent(some.filter((move) => move.rank === 1).length / (some.length || 1));
    const of = (color) => moves.filter((move) => move.color === color);
    byId("shares").textContent = `First choice in ${part(moves)} of ${moves.length} moves: `
      + `Black ${part(of(1))}, White ${part(of(2))}.`;
    this.paint();
    this.list();
  }

  at(node) {
    this.here = node;
    const index = this.moves.findIndex((move) => move.node === node);
    this.marker?.setAttribute("x", index);
    this.marker?.setAttribute("visibility", index < 0 ? "hidden" : "visible");
  }

  paint() {
    const bars = this.moves.map((move, x) => {
      const height = Math.max(1.5, HEIGHT * Math.sqrt(move.share));
      const classes = `${move.color === 1 ? "black" : "white"}${move.rank === 1 ? " first" : ""}`;
      return draw("rect", { x: x + 0.1, y: HEIGHT - height, width: 0.8, height, class: classes });
    });
    this.marker = draw("rect", { y: 0, width: 1, height: HEIGHT, class: "marker" });
    const box = { viewBox: `0 0 ${this.moves.length} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" };
    byId("graph").replaceChildren(draw("svg", box, this.marker, ...bars));
    this.at(this.here);
  }

  list() {
    const least = this.moves.filter((move) => move.share < SURPRISING)
      .sort((one, other) => one.share - other.share).slice(0, LISTED);
    byId("surprises").replaceChildren(...least.map((move) => {
      const best = move.best ? `, rather ${move.best[0]} (${percent(move.best[1])})` : "";
      const text = `${percent(move.share)}${best}`;
      return make("li", {}, make("button", { type: "button", onclick: () => this.go(move.node) },
        make("b", { textContent: `${move.number} ${colorName(move.color)} ${move.vertex}` }),
        make("span", { textContent: text })));
    }));
  }
}
