// What is around the board: stepping, what is shown, the game being played, files.

import { byId, colorName, make } from "./dom.js";

/** Steps through the game and never gets ahead of what is shown: steps add up while one is awaited. */
export class Stepper {
  constructor(link) {
    this.link = link;
    this.pending = 0;
    this.awaited = false;
  }

  step(by) {
    this.pending += by;
    this.send();
  }

  go(node) {
    this.pending = 0;
    this.link.ask("go", { node });
  }

  arrived() {
    this.awaited = false;
    this.send();
  }

  send() {
    if (this.awaited || !this.pending) return;
    this.awaited = true;
    this.link.ask("step", { by: this.pending });
    this.pending = 0;
  }
}

export class Layers {
  constructor(link) {
    this.link = link;
    this.networks = [];
    this.layers = [];
    this.vertex = "";
    for (const id of ["layer", "part", "channel"]) {
      byId(id).addEventListener("change", () => this.ask(id === "layer"));
    }
  }

  set(wish) {
    byId("note").classList.toggle("explained", wish.layer !== "moves" && wish.layer !== "nothing");
    if (byId("layer").value !== wish.layer) byId("layer").value = wish.layer;
    this.fill();
  }

  setLayers(names) {
    this.layers = names;
    if (byId("layer").value === "activation") this.fill();
  }

  fill() {
    const { value } = byId("layer");
    const names = { plane: this.networks[0]?.planes ?? [], activation: this.layers }[value];
    byId("part").hidden = !names;
    byId("channel").hidden = value !== "activation";
    if (!names || this.filled === `${value}${names.length}`) return;
    this.filled = `${value}${names.length}`;
    byId("part").replaceChildren(...names.map((name, index) => make("option", {
      value: index, textContent: value === "plane" ? `${index}: ${name}` : `layer ${name}`,
    })));
  }

  ask(fresh) {
    if (fresh) { this.vertex = ""; this.fill(); }
    const number = byId("part").hidden || fresh ? 0 : Number(byId("part").value);
    const channel = Math.max(0, Number(byId("channel").value) | 0);
    this.link.ask("show", { layer: byId("layer").value, number, channel, vertex: this.vertex });
  }

  saliency(vertex) {
    this.vertex = vertex;
    this.ask(false);
  }
}

export function showPhase(phase, link) {
  const button = (text, what, values, primary) => make("button", {
    type: "button", textContent: text, className: primary ? "primary" : "",
    onclick: () => link.ask(what, values),
  });
  const buttons = phase.score
    ? [button("Accept the count", "finish", {}, true), button("Go on playing", "resume")]
    : phase.playing
      ? [button("Pass", "play", { vertex: "pass" }), button("Undo", "undo"),
        button("Resign", "resign"), button("Count", "count")].slice(phase.human.length ? 0 : 2)
      : [button("Pass", "play", { vertex: "pass" }), button("Count", "count")];
  const texts = buttons.map((each) => each.textContent).join();
  if (texts !== byId("play").dataset.texts) byId("play").replaceChildren(...buttons); // keeps the focus
  byId("play").dataset.texts = texts;
}

/** Returns what is said about the position above everything else. */
export function turnWords(phase, position) {
  if (phase.score) return `Counted: ${resultWords(phase.score)}`;
  if (phase.result) return resultWords(phase.result);
  const who = colorName(position.to_play);
  if (phase.playing && phase.thinking) return "The network is thinking";
  if (phase.playing && phase.human.length === 1) return phase.human[0] === position.to_play ? "Your turn" : `${who} to play`;
  return `${who} to play`;
}

export function resultWords(result) {
  const [, color, by] = /^([BW])\+(.*)$/.exec(result) ?? [];
  if (!color) return result === "0" ? "A draw" : result;
  const who = color === "B" ? "Black" : "White";
  return /^R/.test(by) ? `${who} wins by resignation` : by ? `${who} wins by ${by}` : `${who} wins`;
}

/** Says so in the dialog where the network does not know who wins. */
export function allowLookAhead(possible) {
  byId("begin").querySelector("[name=look_ahead]").disabled = !possible;
  if (!possible) byId("ahead").textContent = "To look ahead takes a network that knows who wins, such as alphago-res-96x15.";
}

export function listenToDialog(link) {
  const dialog = byId("begin"), form = dialog.querySelector("form");
  byId("new").addEventListener("click", () => dialog.showModal());
  form.addEventListener("change", (event) => {
    if (event.target.name === "handicap") form.komi.value = Number(form.handicap.value) ? 0.5 : 7.5;
    if (event.target.name === "rules") form.komi.value = form.rules.value === "Japanese" ? 6.5 : 7.5;
  });
  form.addEventListener("submit", (event) => {
    if (event.submitter?.value !== "start") return;
    link.ask("new", {
      size: Number(form.size.value), color: form.color.value, handicap: Number(form.handicap.value),
      komi: Number(form.komi.value), rules: form.rules.value, hints: form.hints.checked,
      temperature: Number(form.temperature.value), look_ahead: Number(form.look_ahead.value),
    });
  });
}

/** Lets the user open files, also by dropping them anywhere, and save; returns how large they may be. */
export function listenToFiles(link, complain) {
  const limits = { largest: Infinity };
  const send = async (file) => {
    if (file.size > limits.largest) {
      return complain(`${file.name}: too large: more than ${limits.largest.toLocaleString("en")} bytes.`);
    }
    link.beforeOthers?.();
    return link.send(await new Blob([file.name.replace(/\n/g, " "), "\n", file]).arrayBuffer());
  };
  byId("open").addEventListener("click", () => byId("file").click());
  byId("file").addEventListener("change", (event) => {
    if (event.target.files[0]) send(event.target.files[0]);
    event.target.value = "";
  });
  document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("dropping"); });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    if (event.dataTransfer.files[0]) send(event.dataTransfer.files[0]);
  });
  for (const form of ["save", "notes", "page"]) byId(form).addEventListener("click", () => link.ask("save", { form }));
  return limits;
}

export function download(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
