// The connection to gopolicy: tells what is asked, hands on what is answered, comes back when lost.

const TAKEN = 4000, FULL = 4001;

/** Returns a name for this tab that survives a reload and is no other tab's, copies included. */
async function tabName() {
  let name = sessionStorage.getItem("tab");
  for (let tries = 0; name && tries < 5; tries += 1) {
    if (await claim(name)) return name;
    await new Promise((resolve) => setTimeout(resolve, 50)); // the page that was reloaded may be going
  }
  await claim(name = crypto.randomUUID());
  sessionStorage.setItem("tab", name);
  return name;
}

/** Returns whether no other tab holds a name; it is then ours until the page goes. */
function claim(name) {
  if (!navigator.locks) return true;
  return new Promise((resolve) => {
    navigator.locks.request(`tab ${name}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock && new Promise(() => {});
    });
  });
}

export class Link {
  constructor(hear, tellState) {
    this.hear = hear;
    this.tellState = tellState;
    this.attempts = 0;
    this.waiting = [];
    tabName().then((name) => { this.name = name; this.connect(); });
  }

  connect() {
    const address = new URL("socket", location.href);
    address.protocol = "ws:";
    address.search = `?tab=${this.name}`;
    this.socket = new WebSocket(address);
    this.socket.onopen = () => {
      this.attempts = 0;
      this.tellState("");
      for (const message of this.waiting.splice(0)) this.socket.send(message);
    };
    this.socket.onmessage = (event) => this.hear(JSON.parse(event.data));
    this.socket.onclose = (event) => this.lost(event.code);
  }

  lost(code) {
    if (code === TAKEN) return this.tellState("This game went on in another tab.");
    if (code === FULL) return this.tellState("Too many boards are open; close one and reload.");
    this.attempts += 1;
    const gone = this.attempts > 8;
    this.tellState(gone ? "gopolicy board has ended. Start it again, and open its new address."
      : "The connection is lost. Trying again ...");
    if (this.attempts > 60) return undefined;
    return setTimeout(() => this.connect(), Math.min(250 * 1.5 ** this.attempts, 4000));
  }

  /** Sends a request; what is asked while the connection is down waits for it. */
  ask(what, values = {}) {
    if (what !== "comment") this.beforeOthers?.();
    this.send(JSON.stringify({ do: what, ...values }));
  }

  send(message) {
    if (this.socket && this.socket.readyState === WebSocket.OPEN) this.socket.send(message);
    else if (this.waiting.length < 20) this.waiting.push(message);
  }
}
