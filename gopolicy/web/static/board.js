// The boards: the pictures that gopolicy draws, and above the first a control for every point.

import { byId, colorName, make, percent, showBoard, vertexName } from "./dom.js";

const SWIPE = 40;

export class Boards {
  /** play(vertex) is called for a point that was chosen, step(by) for wheel and swipe. */
  constructor(play, step) {
    this.play = play;
    this.step = step;
    this.size = 0;
    this.figures = [];
    this.stones = "";
    this.shares = new Map();
    this.dead = new Set();
  }

  setNetworks(names) {
    this.figures = names.map((name, index) => {
      const stage = make("div", { className: "stage" });
      const caption = make("figcaption", {}, make("b", { textContent: name }), make("span"));
      const list = make("div");
      const figure = make("figure", {}, stage, ...(names.length > 1 ? [caption, list] : []));
      if (index) stage.addEventListener("click", (event) => this.clickPicture(event, stage));
      return { stage, note: caption.lastChild, list, figure };
    });
    byId("boards").replaceChildren(...this.figures.map(({ figure }) => figure));
    byId("boards").style.setProperty("--count", names.length);
    document.body.classList.toggle("several", names.length > 1);
    this.size = 0;
  }

  showPosition(message) {
    const size = Math.sqrt(message.stones.length);
    if (size !== this.size) this.makePoints(size);
    this.shares.clear();
    this.stones = message.stones;
    this.last = message.last;
    for (const { stage } of this.figures) this.put(stage, message.svg, false);
    byId("boards").dataset.turn = message.to_play;
    this.name();
  }

  showLook(networks) {
    networks.forEach((network, index) => {
      const { stage, note } = this.figures[index];
      this.put(stage, network.svg, true);
      note.textContent = networks.length > 1 ? network.note : "";
    });
    this.shares = new Map(networks[0].moves.map((move, rank) => [move.vertex, [rank + 1, move.share]]));
    this.name();
  }

  showDead(dead) {
    this.dead = new Set(dead);
    this.name();
  }

  put(stage, text, answered) {
    showBoard(stage, text);
    stage.classList.toggle("answered", answered);
  }

  /** Makes the controls; they stay while pictures change below them. */
  makePoints(size) {
    this.size = size;
    this.names = [];
    byId("boards").style.setProperty("--size", size);
    this.points = [...Array(size * size).keys()].map((index) => {
      const button = make("button", { type: "button", tabIndex: -1 });
      button.dataset.vertex = vertexName(index, size);
      return button;
    });
    const label = `Board, ${size} by ${size}: arrow keys go from point to point, Enter plays`;
    const group = make("div", { className: "points", role: "group", "aria-label": label }, ...this.points);
    const middle = Math.floor(size / 2) * (size + 1);
    this.points[middle].tabIndex = 0;
    this.current = middle;
    group.addEventListener("click", (event) => {
      if (event.target.dataset.vertex && !this.swiped) this.play(event.target.dataset.vertex);
    });
    group.addEventListener("mousedown", (event) => event.preventDefault()); // focus stays
    group.addEventListener("keydown", (event) => this.walk(event));
    group.addEventListener("focusin", (event) => this.setCurrent(this.points.indexOf(event.target)));
    this.listenToHands(group);
    const { stage } = this.figures[0];
    stage.querySelector(".points")?.remove();
    stage.append(group);
  }

  setCurrent(index) {
    if (index < 0 || index === this.current) return;
    this.points[this.current].tabIndex = -1;
    this.points[index].tabIndex = 0;
    this.current = index;
  }

  walk(event) {
    const { size, current } = this;
    const column = current % size, row = Math.floor(current / size);
    const to = {
      ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
      ArrowUp: [row - 1, column], ArrowDown: [row + 1, column],
      Home: [row, 0], End: [row, size - 1], PageUp: [0, column], PageDown: [size - 1, column],
    }[event.key];
    if (!to || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const [y, x] = to.map((line) => Math.min(Math.max(line, 0), size - 1));
    this.points[y * size + x].focus();
  }

  /** Steps by the wheel, and by a finger that moves to the side. */
  listenToHands(group) {
    let turned = 0, startX = 0, startY = 0;
    group.addEventListener("wheel", (event) => {
      if (event.ctrlKey) return;
      event.preventDefault();
      turned += event.deltaY;
      const by = Math.trunc(turned / 50);
      if (by) { turned -= 50 * by; this.step(Math.sign(by)); }
    }, { passive: false });
    group.addEventListener("pointerdown", (event) => {
      [startX, startY, this.swiped] = [event.clientX, event.clientY, false];
    });
    group.addEventListener("pointerup", (event) => {
      const x = event.clientX - startX, y = event.clientY - startY;
      this.swiped = event.pointerType === "touch" && Math.abs(x) > SWIPE && Math.abs(x) > 2 * Math.abs(y);
      if (this.swiped) this.step(x < 0 ? 1 : -1);
    });
  }

  /** Plays at the point of a further board that was clicked. */
  clickPicture(event, stage) {
    const box = stage.getBoundingClientRect(), size = this.size;
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]
      .map((share) => Math.round(share * (size + 1.5) - 1.25));
    if (Math.min(x, y) >= 0 && Math.max(x, y) < size) this.play(vertexName(y * size + x, size));
  }

  /** Names every point for those who hear the board. */
  name() {
    this.points.forEach((button, index) => {
      const { vertex } = button.dataset;
      const color = ".XO".indexOf(this.stones[index]);
      const words = [vertex, colorName(color).toLowerCase()];
      if (vertex === this.last) words.push("last move");
      if (this.dead.has(index)) words.push("dead");
      const share = this.shares.get(vertex);
      if (share && !color) words.push(`choice ${share[0]}, ${percent(share[1])}`);
      const name = words.join(", ");
      if (this.names[index] === name) return;
      button.ariaLabel = this.names[index] = name;
      button.dataset.color = color;
    });
  }
}
