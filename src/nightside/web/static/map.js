// The front page: the map with its slider, the sentence below it, and the table that says the same.

import { onTheme } from "./colours.js";
import { Globe } from "./map_draw.js";
import { addressWith, iso } from "./steps.js";
import { clock, momentWithZone } from "./zone.js";

const FRAMES = 400;
const FRAME_MS = 25;
const LEAST_PLAY_MS = 5_000;
/** One pass over the whole slider takes no less. */
const LEAST_FRAME_MS = 3_600_000;
const LIT = 99.5;

const part = (id) => document.getElementById(`world-${id}`);
const figure = document.getElementById("world");

class WorldMap {
  constructor(shapes, names) {
    this.names = new Map(Object.entries(names.names));
    this.language = names.language;
    this.globe = new Globe(part("canvas"), shapes);
    this.slider = part("time");
    this.frame = 0;
    this.drawn = 0;
    this.playing = null;
    this.wanted = false;
  }

  name(code) {
    return this.names.get(code) ?? code;
  }

  /** The name within English words: one in another language keeps its own direction (isolates, U+2068 and U+2069). */
  words(code) {
    return this.language === "en" ? this.name(code) : `\u2068${this.name(code)}\u2069`;
  }

  /** The name on the page. */
  mark(code) {
    const name = document.createElement("bdi");
    if (this.language !== "en") name.lang = this.language;
    name.textContent = this.name(code);
    return name;
  }

  share(code, frame = this.frame) {
    return this.map.countries[code]?.[frame];
  }

  /** Fetch the shares of the window; stays at the newest frame where it stood there. */
  async load() {
    const [first, last] = [Date.parse(figure.dataset.from), Date.parse(figure.dataset.to)];
    const frames = Math.max(1, Math.min(FRAMES, Math.ceil((last - first) / LEAST_FRAME_MS)));
    const ask = new URLSearchParams({ from: iso(first / 1000), to: iso(last / 1000), frames });
    const atEnd = this.frame >= Number(this.slider.max);
    this.map = await json(`/api/1/map?${ask}`);
    this.times = this.map.times.map((time) => Date.parse(time));
    this.end = last;
    this.slider.max = this.times.length - 1;
    this.show(atEnd ? this.times.length - 1 : Math.min(this.frame, this.times.length - 1));
    this.marks();
  }

  /** Show one frame; draws with the next picture of the screen, however often it is asked. */
  show(frame) {
    this.frame = frame;
    if (Number(this.slider.value) !== frame) this.slider.value = frame;
    if (this.wanted) return;
    this.wanted = true;
    requestAnimationFrame(() => {
      this.wanted = false;
      this.draw();
    });
  }

  draw() {
    this.globe.draw((code) => this.share(code), (code) => this.name(code));
    this.drawn += 1;
    const words = momentWithZone(this.times[this.frame]);
    part("when").textContent = words;
    const gone = this.below(50).length;
    this.slider.setAttribute("aria-valuetext", `${words}: ${gone === 0 ? "no country dark" : `${gone} dark`}`);
    if (!this.playing) this.tell();
  }

  /** Codes and shares of the countries below a share, the darkest first. */
  below(limit) {
    return Object.keys(this.map.countries)
      .map((code) => [code, this.share(code)])
      .filter(([, share]) => share !== null && share !== undefined && share < limit)
      .sort((a, b) => a[1] - b[1]);
  }

  /** The sentence, the label and the table for the moment shown. */
  tell() {
    const all = Object.keys(this.map.countries);
    const blind = all.filter((code) => this.share(code) === null);
    const low = this.below(LIT);
    const dark = low.filter(([, share]) => share < 50);
    const until = this.times[this.frame + 1] ?? this.end;
    const length = Math.round((until - this.times[this.frame]) / 60_000);
    const parts = [];
    parts.push(dark.length === 0 ? "No watched country was dark" : `Dark: ${dark.slice(0, 5).map(([code]) => this.words(code)).join(", ")}${dark.length > 5 ? ` and ${dark.length - 5} more` : ""}`);
    const dim = low.length - dark.length;
    if (dim) parts.push(`${dim} dim`);
    if (blind.length) parts.push(`${blind.length} unknown`);
    part("summary").textContent = `${parts.join("; ")}; of ${all.length} watched. Each step is the lowest of ${length < 120 ? `${Math.max(1, length)} minutes` : `${Math.round(length / 60)} hours`}.`;
    const rows = [...low.map(([code, share]) => [code, share < 5.5 ? "dark" : share < 50 ? "mostly dark" : "dim", `${share}`]), ...blind.map((code) => [code, "unknown", "not known"])];
    const body = part("rows");
    body.replaceChildren(...(rows.length ? rows.map((row) => this.row(row)) : [this.row(null)]));
  }

  row(values) {
    const row = document.createElement("tr");
    if (!values) {
      const cell = row.appendChild(document.createElement("td"));
      cell.colSpan = 3;
      cell.textContent = "All watched countries were lit.";
      return row;
    }
    const [code, state, share] = values;
    const head = row.appendChild(document.createElement("th"));
    head.scope = "row";
    const link = head.appendChild(document.createElement("a"));
    link.href = this.address(code);
    link.append(this.mark(code));
    row.appendChild(document.createElement("td")).textContent = state;
    const number = row.appendChild(document.createElement("td"));
    number.textContent = share;
    number.className = "number";
    return row;
  }

  address(code) {
    const { language } = figure.dataset;
    return `/countries/${encodeURIComponent(code)}${language ? `?language=${encodeURIComponent(language)}` : ""}`;
  }

  /** The frame that holds a moment. */
  frameAt(ms) {
    return Math.max(0, this.times.findLastIndex((time) => time <= ms));
  }

  /** The frame in which the least is left, all countries taken together; the last of several. */
  darkest() {
    const left = this.times.map((_, i) =>
      Object.values(this.map.countries).reduce((sum, shares) => sum + (shares[i] ?? 100) ** 2, 0),
    );
    return left.lastIndexOf(Math.min(...left));
  }

  /** Above the slider: how much was lost when, of all countries together, and when nothing could be seen. */
  marks() {
    const place = part("marks");
    const count = this.times.length;
    place.setAttribute("viewBox", `0 0 ${count} 10`);
    const series = Object.values(this.map.countries);
    const lost = this.times.map((_, i) => {
      const known = series.map((shares) => shares[i]).filter((share) => share !== null && share !== undefined);
      return known.length ? known.reduce((sum, share) => sum + (share < 90 ? 100 - share : 0), 0) : null;
    });
    const most = Math.max(100, ...lost);
    const bars = [];
    for (let i = 0; i < count; i += 1) {
      if (lost[i] === 0) continue;
      const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      const height = lost[i] === null ? 3 : 2 + (8 * lost[i]) / most;
      const sizes = { x: i, y: 10 - height, width: 1.02, height, class: lost[i] === null ? "blind" : "any" };
      for (const [key, value] of Object.entries(sizes)) bar.setAttribute(key, value);
      bars.push(bar);
    }
    place.replaceChildren(...bars);
  }

  /** The moment shown, in the address; the newest one needs none. */
  keep() {
    const newest = this.frame >= this.times.length - 1;
    history.replaceState(history.state, "", addressWith({ at: newest ? null : iso(this.times[this.frame] / 1000) }));
  }

  /** Run through the frames, or stop. */
  toggle() {
    if (this.playing) {
      this.stop();
      return;
    }
    const count = this.times.length;
    const start = this.frame >= count - 1 ? 0 : this.frame;
    const length = Math.max(LEAST_PLAY_MS, count * FRAME_MS);
    const begun = performance.now();
    const step = (now) => {
      const frame = start + Math.floor(((now - begun) / length) * count);
      if (frame >= count - 1) {
        this.stop();
        this.show(count - 1);
        return;
      }
      if (frame !== this.frame) {
        this.frame = frame;
        this.slider.value = frame;
        this.draw();
      }
      this.playing = requestAnimationFrame(step);
    };
    this.playing = requestAnimationFrame(step);
    this.sign();
  }

  stop() {
    if (!this.playing) return;
    cancelAnimationFrame(this.playing);
    this.playing = null;
    this.sign();
    this.tell();
  }

  sign() {
    part("play").classList.toggle("playing", Boolean(this.playing));
    part("play").setAttribute("aria-label", this.playing ? "Pause" : "Play");
  }

  listen() {
    const canvas = part("canvas");
    const tip = part("tip");
    part("play").addEventListener("click", () => this.toggle());
    part("darkest").addEventListener("click", () => {
      this.stop();
      this.show(this.darkest());
      this.keep();
    });
    this.slider.addEventListener("change", () => this.keep());
    this.slider.addEventListener("input", () => {
      this.stop();
      this.show(Number(this.slider.value));
    });
    const point = (event) => {
      const box = canvas.getBoundingClientRect();
      return this.globe.at(event.clientX - box.left, event.clientY - box.top);
    };
    canvas.addEventListener("pointermove", (event) => {
      const country = point(event);
      tip.hidden = !country;
      canvas.classList.toggle("over", Boolean(country));
      if (country) {
        const value = this.share(country.code);
        const state = value === undefined ? "not watched here" : value === null ? "unknown: we cannot see" : `${value} % of its usual routes`;
        tip.textContent = `${this.words(country.code)}: ${state}`;
        const box = canvas.getBoundingClientRect();
        const x = event.clientX - box.left;
        const shift = x > box.width / 2 ? `calc(${x - 14}px - 100%)` : `${x + 14}px`;
        tip.style.transform = `translate(${shift}, ${event.clientY - box.top + 14}px)`;
      }
      if (country !== this.globe.hovered) {
        this.globe.hovered = country;
        if (!this.playing) this.show(this.frame);
      }
    });
    canvas.addEventListener("pointerleave", () => {
      tip.hidden = true;
      this.globe.hovered = null;
      this.show(this.frame);
    });
    canvas.addEventListener("click", (event) => {
      const country = point(event);
      if (country) location.assign(this.address(country.code));
    });
    new ResizeObserver(() => {
      this.globe.resize();
      this.show(this.frame);
    }).observe(canvas);
    onTheme(() => {
      this.globe.paint();
      this.show(this.frame);
    });
    clock.addEventListener("change", () => this.show(this.frame));
    for (const kind of ["incident-stored", "samples-stored"]) {
      document.body.addEventListener(kind, () => this.renew());
    }
  }

  /** New data: ask how far they reach, then fetch. */
  async renew() {
    const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
    const now = page.getElementById("world");
    if (!now) return;
    Object.assign(figure.dataset, { from: now.dataset.from, to: now.dataset.to });
    await this.load();
  }
}

async function json(address) {
  const answer = await fetch(address);
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error?.what ?? answer.statusText);
  return said;
}

async function start() {
  try {
    const [shapes, names] = await Promise.all([json(figure.dataset.shapes), json(figure.dataset.names)]);
    const map = new WorldMap(shapes, names);
    await map.load();
    if (figure.dataset.at) map.show(map.frameAt(Date.parse(figure.dataset.at)));
    map.listen();
    // For the tests and the bench: how often it was drawn.
    figure.worldMap = map;
    figure.dataset.ready = "true";
  } catch (error) {
    part("when").textContent = `The map cannot be shown: ${error.message}`;
  }
}

if (figure) start();
