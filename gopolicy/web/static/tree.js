// The game tree: what follows what, drawn as far as it can be seen.

import { byId, colorName, draw, make } from "./dom.js";

const STEP = 22, RADIUS = 7;

export class Tree {
  constructor(go) {
    this.go = go;
    this.nodes = new Map();
    this.line = [];
    this.box = byId("tree");
    this.seen = { left: 0, top: 0, width: 0, height: 0 }; // asked once, as asking costs a layout
    this.box.addEventListener("scroll", () => {
      Object.assign(this.seen, { left: this.box.scrollLeft, top: this.box.scrollTop });
      this.paint();
    });
    this.box.addEventListener("click", (event) => {
      const number = event.target.dataset?.node;
      if (number !== undefined) this.go(Number(number));
    });
    new ResizeObserver(([{ contentRect: { width, height } }]) => {
      Object.assign(this.seen, { width, height });
      this.show();
    }).observe(this.box);
  }

  /** Takes the nodes: rows of number, parent, color, vertex, comment. */
  set(rows) {
    this.nodes = new Map();
    this.line = [];
    this.columns = [];
    const used = [];
    for (const [number, parent, color, vertex, comment] of rows) {
      const above = this.nodes.get(parent);
      const node = { number, above, color, vertex, comment, children: [], x: above ? above.x + 1 : 0 };
      node.y = !above ? 0 : above.children.length ? Math.max(...used.slice(above.x)) + 1 : above.y;
      above?.children.push(node);
      used[node.x] = Math.max(node.y, used[node.x] ?? 0);
      this.nodes.set(number, node);
      (this.columns[node.x] ??= []).push(node);
    }
    const size = { width: (used.length + 1) * STEP, height: (Math.max(...used) + 1.6) * STEP };
    this.lines = draw("g");
    this.dots = draw("g");
    this.box.replaceChildren(draw("svg", { ...size, "aria-hidden": "true" }, this.lines, this.dots));
  }

  at(number) {
    this.here?.dot?.classList.remove("here");
    this.here = this.nodes.get(number);
    if (!this.here) return;
    this.here.dot?.classList.add("here");
    if (this.line[this.here.x] !== this.here) this.setLine();
    this.showBranches();
    cancelAnimationFrame(this.waiting);
    this.waiting = requestAnimationFrame(() => this.show()); // once for many steps
  }

  /** Finds the line from the start over where we are to its end. */
  setLine() {
    for (const node of this.line) node.path?.classList.remove("current");
    this.line = [];
    for (let node = this.here; node; node = node.above) this.line[node.x] = node;
    while (this.line.at(-1).children.length) this.line.push(this.line.at(-1).children[0]);
    for (const node of this.line) node.path?.classList.add("current");
  }

  /** Scrolls to where we are if that is near an edge or outside. */
  show() {
    if (!this.here) return;
    const { left, top, width, height } = this.seen, x = this.here.x * STEP, y = (this.here.y + 1) * STEP;
    const near = x < left + 2 * STEP || x > left + width - 4 * STEP || y < top + STEP || y > top + height - STEP;
    if (near) this.box.scrollTo(x - width / 2, y - height / 2);
    this.paint();
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

  /** Draws what can be seen and has not been drawn. */
  paint() {
    const { left, top, width, height } = this.seen;
    const first = Math.max(0, Math.floor(left / STEP) - 2), end = Math.ceil((left + width) / STEP) + 2;
    const seen = (node) => node.y * STEP > top - 3 * STEP && node.y * STEP < top + height + STEP;
    for (const node of this.columns?.slice(first, end).flat() ?? []) {
      if (node.above && !node.path && (seen(node) || seen(node.above))) {
        this.lines.append(node.path = this.branch(node));
      }
      if (!node.dot && seen(node)) this.dots.append(node.dot = this.dot(node));
    }
  }

  place(node) { return [(node.x + 0.8) * STEP, (node.y + 0.7) * STEP]; }

  branch(node) {
    const [x, y] = this.place(node), [ax, ay] = this.place(node.above);
    const path = ay === y ? `M${ax} ${ay}H${x}` : `M${ax} ${ay}V${y - STEP / 2}L${ax + STEP / 2} ${y}H${x}`;
    return draw("path", { d: path, class: this.line[node.x] === node ? "line current" : "line" });
  }

  dot(node) {
    const [cx, cy] = this.place(node);
    const classes = ["node", ["root", "black", "white"][node.color]];
    if (node === this.here) classes.push("here");
    if (node.comment) classes.push("remarked");
    return draw("circle", { cx, cy, r: node.color ? RADIUS : 4, class: classes.join(" "), "data-node": node.number });
  }
}
