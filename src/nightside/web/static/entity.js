// A country's, or an AS's, charts: one window of time over all of them, kept in the address.

import { Frame } from "./chart_frame.js";
import { DASHES, MOST_WAYS, lanesSpec, shareSpec, upstreamsSpec, viewSpec } from "./charts.js";
import { onTheme } from "./colours.js";
import { loadWindow, reach } from "./entity_data.js";
import { tables } from "./entity_tables.js";
import { servicesSpec } from "./services_chart.js";
import { addressWith, iso, second } from "./steps.js";
import { clock, moment, momentWithZone, zoneKind, zoneWords } from "./zone.js";

const SHORTEST_S = 120;
const LONGEST_S = 399 * 86_400;

const box = document.getElementById("charts");
const { type, code } = box.dataset;
const readout = document.getElementById("readout");
const hint = readout.textContent;

class EntityCharts {
  constructor() {
    this.from = second(box.dataset.from);
    this.to = second(box.dataset.to);
    this.first = box.dataset.first ? second(box.dataset.first) : this.from;
    this.last = box.dataset.last ? second(box.dataset.last) : this.to;
    this.asked = 0;
    const data = () => this.data;
    const specs = { share: shareSpec(data), lanes: lanesSpec(data), services: servicesSpec(data), upstreams: upstreamsSpec(data), view: viewSpec(data) };
    const acts = { onZoom: (from, to) => this.move(from, to), onPoint: (when) => this.read(when) };
    this.frames = Object.entries(specs).map(([id, spec]) => {
      const figure = document.getElementById(id);
      return { figure, spec, frame: new Frame(figure.querySelector(".plot"), spec, acts) };
    });
  }

  /** Fetch the window, then draw; a slower, older answer is thrown away. */
  async load() {
    this.asked += 1;
    const own = this.asked;
    this.head();
    const data = await loadWindow(type, code, this.from, this.to, "checked" in box.dataset);
    if (own !== this.asked) return;
    this.data = data;
    this.draw();
    box.dataset.ready = String(own);
  }

  head() {
    const words = zoneWords(this.from * 1000);
    document.getElementById("window").textContent = `${moment(this.from * 1000)} – ${moment(this.to * 1000)} (${words})`;
    for (const link of box.querySelectorAll("[data-format]")) {
      const address = new URL(link.href);
      address.searchParams.set("from", iso(this.from));
      address.searchParams.set("to", iso(this.to));
      link.href = address;
    }
  }

  draw() {
    // Where nobody checked anything there is no panel of it.
    document.getElementById("services").hidden = this.data.services.rows.length === 0;
    for (const { figure, spec, frame } of this.frames) {
      if (figure.hidden) continue;
      frame.show(this.from, this.to);
      const note = figure.querySelector("[data-note]");
      note.textContent = spec.note?.() ?? "";
      figure.querySelector(".plot").setAttribute("aria-label", `Chart. ${spec.say()} The values are in the tables below the charts.`);
    }
    this.keys();
    const place = document.getElementById("table-place");
    if (document.getElementById("tables").open) place.replaceChildren(...tables(this.data));
    else place.replaceChildren();
  }

  /** Which line is which upstream. */
  keys() {
    const place = document.querySelector("[data-keys]");
    place.replaceChildren(
      ...this.data.upstreams.slice(0, MOST_WAYS).map(({ asn, words }, i) => {
        const item = document.createElement("li");
        const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
        picture.setAttribute("viewBox", "0 0 32 4");
        picture.setAttribute("class", `key-line k${i + 1}`);
        picture.setAttribute("aria-hidden", "true");
        const line = picture.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "line"));
        const sizes = { x1: 0, y1: 2, x2: 32, y2: 2, "stroke-dasharray": DASHES[i].join(" ") };
        for (const [key, value] of Object.entries(sizes)) line.setAttribute(key, value);
        const name = document.createElement(asn === null ? "span" : "a");
        if (asn !== null) name.href = `/asns/${asn}`;
        name.textContent = words;
        item.append(picture, name);
        return item;
      }),
    );
  }

  /** Show other times, in whole minutes where that is fine enough, and say so in the address. */
  move(from, to) {
    const middle = (from + to) / 2;
    const length = Math.min(LONGEST_S, Math.max(SHORTEST_S, to - from));
    this.from = Math.max(0, Math.round(middle - length / 2));
    this.to = Math.round(middle + length / 2);
    history.replaceState(history.state, "", addressWith({ from: iso(this.from), to: iso(this.to) }));
    if (this.data) this.draw();
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.load().catch(complain), 120);
  }

  step(kind) {
    const length = this.to - this.from;
    if (kind === "earlier") this.move(this.from - length / 2, this.to - length / 2);
    else if (kind === "later") this.move(this.from + length / 2, this.to + length / 2);
    else if (kind === "in") this.move(this.from + length / 4, this.to - length / 4);
    else if (kind === "out") this.move(this.from - length / 2, this.to + length / 2);
    else if (kind === "all") this.move(Math.max(this.first, this.last - LONGEST_S), this.last);
    else this.around(Number(kind));
  }

  /** A window of that length that ends where this one ends, or with the data. */
  around(length) {
    const end = Math.min(this.to, Math.max(this.last, this.from));
    this.move(end - length, end);
  }

  /** The values at one second, from all charts. */
  read(when) {
    if (when === null || !this.data) {
      readout.textContent = hint;
      return;
    }
    const parts = this.frames.filter(({ figure }) => !figure.hidden).map(({ spec }) => spec.read(when)).filter(Boolean);
    readout.textContent = `${momentWithZone(when * 1000, this.to - this.from < 86_400)}: ${parts.join(" · ")}`;
  }

  async copy(button) {
    const url = addressWith({ from: iso(this.from), to: iso(this.to), tz: zoneKind() });
    history.replaceState(history.state, "", url);
    let words = "Copied";
    try {
      await navigator.clipboard.writeText(url.href);
    } catch {
      words = "It is in the address bar";
    }
    button.textContent = words;
    setTimeout(() => {
      button.textContent = "Copy link";
    }, 2500);
  }

  /** New data are there: where the window ended with the old ones, go along. */
  async renew() {
    const known = await reach(type, code);
    if (known) {
      const along = this.to === this.last;
      const length = this.to - this.from;
      this.first = known.first;
      this.last = known.last;
      if (along) {
        this.to = this.last;
        this.from = this.to - length;
      }
    }
    await this.load();
  }

  listen() {
    box.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button?.dataset.move) this.step(button.dataset.move);
      else if (button?.id === "copy") this.copy(button);
    });
    document.getElementById("tables").addEventListener("toggle", () => this.data && this.draw());
    let width = box.clientWidth;
    new ResizeObserver(() => {
      if (box.clientWidth === width || !this.data) return;
      width = box.clientWidth;
      this.draw();
    }).observe(box);
    onTheme(() => this.frames.forEach(({ frame }) => frame.paint()));
    clock.addEventListener("change", () => {
      this.head();
      if (this.data) this.frames.forEach(({ frame }) => frame.paint());
      if (this.data) this.draw();
    });
    let waiting = null;
    for (const kind of ["incident-stored", "samples-stored", "results-stored"]) {
      document.body.addEventListener(kind, () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => this.renew().catch(complain), 200);
      });
    }
  }
}

function complain(error) {
  readout.textContent = `The data cannot be shown: ${error.message}`;
}

const charts = new EntityCharts();
charts.listen();
charts.load().catch(complain);
