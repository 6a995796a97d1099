// The world on a canvas: each country as bright as the share of its routes that is left.

import { between, colours, hatch } from "./colours.js";

const STEPS = 20;
/** Shades between dark and lit. */
const RINGED_PX = 22;
const LABELS = 6;
/** At most so many dark countries are named on the map. */

/** What draws the shapes of world.json into a canvas. */
export class Globe {
  constructor(canvas, world) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.ground = document.createElement("canvas");
    this.world = world;
    this.countries = Object.entries(world.countries).map(([code, { d, at, dot }]) => ({ code, path: d ? new Path2D(d) : null, at, dot: Boolean(dot), width: widthOf(d) }));
    this.sphere = new Path2D(world.sphere);
    this.graticule = new Path2D(world.graticule);
    this.land = world.land ? new Path2D(world.land) : null;
    this.hovered = null;
    this.paint();
  }

  /** Take the theme's colours, and make the shades. */
  paint() {
    this.tone = colours("sea", "sea-line", "land", "border", "lit", "dark", "alarm", "hatch", "unknown-ground", "ink", "paper", "focus", "sans");
    this.shades = Array.from({ length: STEPS + 1 }, (_, i) => between(this.tone.dark, this.tone.lit, i / STEPS));
    this.resize();
  }

  /** Fit the canvas to its place on the page. */
  resize() {
    this.ratio = Math.min(devicePixelRatio || 1, 2);
    const width = Math.max(1, Math.round(this.canvas.clientWidth * this.ratio));
    const height = Math.max(1, Math.round((width * this.world.height) / this.world.width));
    for (const canvas of [this.canvas, this.ground]) {
      canvas.width = width;
      canvas.height = height;
    }
    this.scale = width / this.world.width;
    this.pen = this.ground.getContext("2d");
    this.pen.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    this.pattern = hatch(this.pen, this.tone.hatch, this.tone["unknown-ground"], this.ratio);
    // The pattern belongs to the screen, not to the map's units.
    this.pattern.setTransform(new DOMMatrix().scale(1 / this.scale));
    this.sea();
  }

  /** The empty map: sea, lines, and land without a code. */
  sea() {
    const { pen, tone, scale } = this;
    pen.clearRect(0, 0, this.world.width, this.world.height);
    pen.fillStyle = tone.sea;
    pen.fill(this.sphere);
    pen.lineWidth = 1 / scale;
    pen.strokeStyle = tone["sea-line"];
    pen.stroke(this.graticule);
    if (this.land) this.fill(this.land, tone.land);
    this.shown = new Map();
  }

  /** Draw one moment: `share(code)` is 0 to 100, null where it is unknown, undefined where nobody watches. */
  draw(share, name) {
    const { context, scale } = this;
    const out = [];
    let changed = false;
    for (const country of this.countries) {
      const value = share(country.code);
      const shade = this.shade(value);
      if (this.shown.get(country.code) !== shade) {
        // Most countries are as they were: only what changed is drawn anew.
        this.shown.set(country.code, shade);
        changed = true;
        if (country.path) this.fill(country.path, shade);
      }
      if (value !== undefined && value !== null && value < 50) out.push([value, country]);
    }
    if (changed) this.dots(share);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.drawImage(this.ground, 0, 0);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    out.sort((a, b) => a[0] - b[0]);
    for (const [, country] of out) this.ring(country);
    this.labels(out.slice(0, LABELS).map(([, country]) => country), name);
    if (this.hovered) this.outline(this.hovered);
  }

  shade(value) {
    if (value === undefined) return this.tone.land;
    if (value === null) return this.pattern;
    return this.shades[Math.round((Math.min(100, Math.max(0, value)) / 100) * STEPS)];
  }

  fill(path, shade) {
    const { pen } = this;
    pen.fillStyle = shade;
    pen.fill(path, "evenodd");
    pen.strokeStyle = this.tone.border;
    pen.stroke(path);
  }

  dots(share) {
    const { pen } = this;
    const radius = Math.max(3.2, (2.2 * this.ratio) / this.scale);
    for (const country of this.countries) {
      if (!country.dot) continue;
      const value = share(country.code);
      // Where nobody watches, a small dot in the sea says nothing.
      if (value === undefined) continue;
      pen.beginPath();
      pen.arc(country.at[0], country.at[1], radius, 0, 7);
      pen.fillStyle = this.shade(value);
      pen.fill();
      pen.strokeStyle = this.tone.border;
      pen.stroke();
    }
  }

  ring(country) {
    const { context, scale, ratio } = this;
    context.strokeStyle = this.tone.alarm;
    context.lineWidth = (1.6 * ratio) / scale;
    if (country.path && !country.dot) context.stroke(country.path);
    // Around what would be overlooked.
    if (!country.dot && (country.width * scale) / ratio > RINGED_PX) return;
    context.beginPath();
    context.arc(country.at[0], country.at[1], (11 * ratio) / scale, 0, 7);
    context.stroke();
    context.lineWidth = 1 / scale;
  }

  outline(country) {
    const { context, scale, ratio } = this;
    context.strokeStyle = this.tone.ink;
    context.lineWidth = (2 * ratio) / scale;
    if (country.path && !country.dot) {
      context.stroke(country.path);
      return;
    }
    context.beginPath();
    context.arc(country.at[0], country.at[1], (6 * ratio) / scale, 0, 7);
    context.stroke();
  }

  labels(countries, name) {
    const { context, scale, ratio, tone } = this;
    context.font = `600 ${(13 * ratio) / scale}px ${tone.sans}`;
    context.textBaseline = "middle";
    context.lineJoin = "round";
    const taken = [];
    for (const { code, at } of countries) {
      const words = name(code);
      const width = context.measureText(words).width;
      const height = (16 * ratio) / scale;
      const gap = (16 * ratio) / scale;
      const right = at[0] + gap + width < this.world.width;
      const x = right ? at[0] + gap : at[0] - gap - width;
      if (taken.some(([tx, ty, tw]) => x < tx + tw && x + width > tx && Math.abs(at[1] - ty) < height)) continue;
      taken.push([x, at[1], width]);
      context.strokeStyle = tone.paper;
      context.lineWidth = (4 * ratio) / scale;
      context.strokeText(words, x, at[1]);
      context.fillStyle = tone.ink;
      context.fillText(words, x, at[1]);
    }
    context.lineWidth = 1 / scale;
  }

  /** The country at a place of the page's pixels within the canvas; small ones have a wide reach. */
  at(x, y) {
    const [mx, my] = [(x * this.ratio) / this.scale, (y * this.ratio) / this.scale];
    const reach = (9 * this.ratio) / this.scale;
    const near = this.countries
      .filter((country) => country.dot)
      .map((country) => [Math.hypot(country.at[0] - mx, country.at[1] - my), country])
      .sort((a, b) => a[0] - b[0])[0];
    if (near && near[0] < reach) return near[1];
    this.context.setTransform(1, 0, 0, 1, 0, 0);
    return this.countries.find(({ path }) => path && this.context.isPointInPath(path, mx, my, "evenodd")) ?? null;
  }
}

/** How wide the first, largest ring of relative SVG path data is, in units of the map. */
function widthOf(d) {
  let [x, least, most] = [0, Infinity, -Infinity];
  const steps = (d.match(/^m[^z]*/)?.[0] ?? "").match(/-?\d+/g) ?? [];
  for (let i = 0; i < steps.length; i += 2) {
    x += Number(steps[i]);
    least = Math.min(least, x);
    most = Math.max(most, x);
  }
  return Math.max(0, most - least);
}
