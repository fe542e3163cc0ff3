// The game tree: what follows what, drawn as far as it can be seen.

import { byId, colorName, draw, make } from "./dom.js";

const STEP = 22, RADIUS = 7;

export class Tree {
  constructor(go) {
    this.go = go;
    this.nodes = new Map();
    this.box = byId("tree");
    this.box.addEventListener("scroll", () => this.paint());
    this.box.addEventListener("click", (event) => {
      const number = event.target.dataset?.node;
      if (number !== undefined) this.go(Number(number));
    });
    new ResizeObserver(() => this.paint()).observe(this.box);
  }

  /** Takes the nodes: rows of number, parent, color, vertex, comment. */
  set(rows) {
    this.nodes = new Map();
    this.last = 0;
    const used = [];
    for (const [number, parent, color, vertex, comment] of rows) {
      const above = this.nodes.get(parent);
      const node = { number, above, color, vertex, comment, children: [], x: above ? above.x + 1 : 0 };
      node.y = !above ? 0 : above.children.length ? Math.max(...used.slice(above.x)) + 1 : above.y;
      above?.children.push(node);
      used[node.x] = Math.max(node.y, used[node.x] ?? 0);
      this.nodes.set(number, node);
    }
    this.width = used.length;
    this.height = Math.max(...used) + 1;
  }

  at(number) {
    this.here = this.nodes.get(number);
    if (!this.here) return;
    this.showBranches();
    cancelAnimationFrame(this.waiting);
    this.waiting = requestAnimationFrame(() => { // once for many steps, when the layout is known
      this.paint();
      const { x, y } = this.here ?? this.nodes.get(0);
      this.box.scrollTo(x * STEP - this.box.clientWidth / 2, (y + 1) * STEP - this.box.clientHeight / 2);
    });
  }

  line() {
    const line = [];
    for (let node = this.here; node; node = node.above) line.unshift(node);
    while (line.length && line.at(-1).children.length) line.push(line.at(-1).children[0]);
    return line;
  }

  turn(by) {
    for (let node = this.here; node?.above; node = node.above) {
      const siblings = node.above.children, place = siblings.indexOf(node) + by;
      if (siblings[place]) return this.go(siblings[place].number);
    }
    return undefined;
  }

  showBranches() {
    const following = this.here.children.length > 1 ? this.here.children : [];
    byId("branches").replaceChildren(...following.map((node, index) => make("button", {
      type: "button", textContent: node.vertex || "more", onclick: () => this.go(node.number),
      ariaLabel: `Variation ${index + 1}: ${colorName(node.color)} ${node.vertex}`,
    })));
    byId("variations").hidden = this.nodes.size < 2;
  }

  paint() {
    if (!this.here) return;
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = this.box;
    const seen = (node) => node.x * STEP > scrollLeft - 3 * STEP && node.x * STEP < scrollLeft + clientWidth + STEP
      && node.y * STEP > scrollTop - 3 * STEP && node.y * STEP < scrollTop + clientHeight + STEP;
    const lines = [], dots = [];
    const line = new Set(this.line());
    for (const node of this.nodes.values()) {
      if (node.above && (seen(node) || seen(node.above))) lines.push(this.branch(node, line.has(node)));
      if (seen(node)) dots.push(this.dot(node));
    }
    const size = { width: (this.width + 1) * STEP, height: (this.height + 0.6) * STEP };
    this.box.replaceChildren(draw("svg", { ...size, "aria-hidden": "true" }, ...lines, ...dots));
  }

  place(node) { return [(node.x + 0.8) * STEP, (node.y + 0.7) * STEP]; }

  branch(node, current) {
    const [x, y] = this.place(node), [ax, ay] = this.place(node.above);
    const path = ay === y ? `M${ax} ${ay}H${x}` : `M${ax} ${ay}V${y - STEP / 2}L${ax + STEP / 2} ${y}H${x}`;
    return draw("path", { d: path, class: current ? "line current" : "line" });
  }

  dot(node) {
    const [cx, cy] = this.place(node);
    const classes = ["node", ["root", "black", "white"][node.color]];
    if (node === this.here) classes.push("here");
    if (node.comment) classes.push("remarked");
    return draw("circle", { cx, cy, r: node.color ? RADIUS : 4, class: classes.join(" "), "data-node": node.number });
  }
}
