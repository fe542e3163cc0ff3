// The review of a line: graphs of win rate, lead and agreement, and the moves worth a second look.

import { byId, colorName, draw, make, percent } from "./dom.js";

const HEIGHT = 72, LEAST_LEAD = 10;
const signed = (value, digits = 0) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;

export class Graph {
  constructor(go) {
    this.go = go;
    this.set({ moves: [], players: [], costly: [], surprising: [], turning: [] });
    for (const id of ["outcome", "graph"]) byId(id).addEventListener("click", (event) => {
      const box = byId(id).getBoundingClientRect();
      const at = Math.floor(((event.clientX - box.left) / box.width) * this.moves.length);
      if (this.moves[at]) this.go(this.moves[at].node);
    });
  }

  /** Takes the figures of the moves, and which numbers are in which list. */
  set({ moves, players, costly, surprising, turning }) {
    this.moves = moves;
    byId("review").hidden = moves.length < 2;
    byId("shares").textContent = players.map((each) => {
      const name = colorName(each.color);
      if (!each.moves) return "";
      const lost = each.points_lost === null ? "" : `, loses ${each.points_lost.toFixed(1)} points a move`;
      return `${name}: first choice in ${percent(each.top1)} of ${each.moves} moves${lost}.`;
    }).join(" ");
    const knows = moves.some((move) => move.black_win_rate !== null);
    byId("outcome").hidden = byId("costly").parentElement.hidden = !knows;
    byId("unknown").hidden = knows;
    this.markers = [];
    byId("graph").replaceChildren(this.picture(this.bars()));
    if (knows) byId("outcome").replaceChildren(this.picture(this.lines(new Set(turning))));
    this.at(this.here);
    const pick = (numbers) => [...numbers].map((number) => moves.find((move) => move.number === number));
    this.list("surprising", pick(surprising), (move) => percent(move.probability));
    this.list("costly", pick(new Set([...costly, ...turning])), (move) => `${signed(-100 * move.win_rate_lost)} %, `
      + `${signed(-move.points_lost, 1)} points${turning.includes(move.number) ? ", turning point" : ""}`);
  }

  at(node) {
    this.here = node;
    const index = this.moves.findIndex((move) => move.node === node);
    for (const marker of this.markers) {
      marker.setAttribute("x", index);
      marker.setAttribute("visibility", index < 0 ? "hidden" : "visible");
    }
  }

  picture(parts) {
    const marker = draw("rect", { y: 0, width: 1, height: HEIGHT, class: "marker" });
    this.markers.push(marker);
    const box = { viewBox: `0 0 ${this.moves.length} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" };
    return draw("svg", box, marker, ...parts);
  }

  /** Draws how probable every move was. */
  bars() {
    return this.moves.map((move, x) => {
      const height = Math.max(1.5, HEIGHT * Math.sqrt(move.probability ?? 0));
      return draw("rect", { x: x + 0.1, y: HEIGHT - height, width: 0.8, height, class: move.color });
    });
  }

  /** Draws Black's win rate as an area, the lead as a line, and a stroke at each turning point. */
  lines(turning) {
    const most = Math.max(LEAST_LEAD, ...this.moves.map((move) => Math.abs(move.black_lead ?? 0)));
    const known = this.moves.map((move, x) => [x, move]).filter(([, move]) => move.black_win_rate !== null);
    const path = (height) => known.map(([x, move]) => `L${x + 0.5} ${height(move).toFixed(1)}`).join("");
    const wins = path((move) => HEIGHT * (1 - move.black_win_rate));
    const lead = path((move) => (HEIGHT / 2) * (1 - move.black_lead / most));
    const end = this.moves.length;
    byId("scale").textContent = `Dark: how probable it is that Black wins. Line: who leads by how much, up to ${most.toFixed(0)} `
      + `points for Black (top) or White.${turning.size ? " Strokes: turning points." : ""}`;
    return [
      draw("path", { d: `M0.5 ${HEIGHT}${wins}L${end - 0.5} ${HEIGHT}Z`, class: "wins" }),
      draw("path", { d: `M0 ${HEIGHT / 2}H${end}`, class: "half" }),
      draw("path", { d: lead.replace("L", "M"), class: "lead rim" }),
      draw("path", { d: lead.replace("L", "M"), class: "lead" }),
      ...this.moves.map((move, x) => [move, x]).filter(([move]) => turning.has(move.number))
        .map(([, x]) => draw("path", { d: `M${x + 0.5} 0V${HEIGHT}`, class: "turning" })),
    ];
  }

  /** Lists moves anew; the one that had the focus keeps it, or the first where it is gone. */
  list(id, moves, words) {
    const focused = byId(id).contains(document.activeElement) ? document.activeElement.value : null;
    const buttons = moves.map((move) => {
      const best = move.best && move.rank !== 1 ? `, rather ${move.best}` : "";
      return make("button", { type: "button", value: `${move.node}`, onclick: () => this.go(move.node) },
        make("b", { textContent: `${move.number} ${move.color} ${move.played}` }),
        make("span", { textContent: `${words(move)}${best}` }));
    });
    byId(id).replaceChildren(...buttons.map((button) => make("li", {}, button)));
    if (focused !== null) (buttons.find((each) => each.value === focused) ?? buttons[0])?.focus();
  }
}
