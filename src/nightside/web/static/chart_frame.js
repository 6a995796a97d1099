// One frame for all charts of a page: one time axis, one cursor, one way to zoom. uPlot does these;
// what is inside is drawn by each chart itself, since steps, gaps and hatches are not lines between points.

import { colours, hatch } from "./colours.js";
import { zone } from "./zone.js";

const LEFT_PX = 46;
const RIGHT_PX = 40;
/** Room for half of the last label. */
const AXIS_PX = 42;
const NOTHING = [[0, 1], [null, null]];

/** The colours of all charts. */
export function tones() {
  return colours("ink", "ink-soft", "ink-faint", "grid", "paper", "area", "up", "gone", "unknown", "unknown-ground", "hatch", "partial", "severe", "total", "line-1", "line-2", "line-3", "line-4", "line-5", "line-6", "sans");
}

/** One chart on the page. `spec`: {height, range(), ticks?, draw(pen, frame), labelled}. */
export class Frame {
  constructor(place, spec, { onZoom, onPoint }) {
    this.place = place;
    this.spec = spec;
    this.tone = tones();
    this.window = [0, 1];
    this.onZoom = onZoom;
    this.onPoint = onPoint;
  }

  /** Show a window in seconds; makes the chart anew where its height or its colours have changed. */
  show(from, to) {
    this.window = [from, to];
    const height = this.spec.height();
    if (this.plot && this.height === height && this.plot.width === this.place.clientWidth) {
      this.plot.batch(() => {
        this.plot.setScale("x", { min: from, max: to });
        this.plot.setScale("y", { min: this.spec.range()[0], max: this.spec.range()[1] });
      });
      this.plot.redraw(false, true);
      return;
    }
    this.plot?.destroy();
    this.height = height;
    this.plot = new uPlot(this.options(height), NOTHING, this.place);
    // What the frame says is in its aria-label and in the tables.
    for (const canvas of this.place.querySelectorAll("canvas")) canvas.setAttribute("aria-hidden", "true");
  }

  options(height) {
    const { tone } = this;
    const font = `12px ${tone.sans}`;
    const common = { stroke: tone["ink-soft"], font, grid: { stroke: tone.grid, width: 1 }, ticks: { show: false } };
    const labelled = this.spec.labelled;
    return {
      width: this.place.clientWidth,
      height,
      padding: [6, RIGHT_PX, labelled ? 0 : 4, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false },
        // Where the mouse is, is told to all; what is dragged concerns one.
        sync: { key: "time", scales: ["x", null], filters: { pub: (kind) => kind === "mousemove" || kind === "mouseleave" } },
      },
      select: { show: true },
      scales: {
        x: { time: true, range: () => this.window },
        y: { range: () => this.spec.range() },
      },
      axes: [
        { ...common, show: true, size: labelled ? AXIS_PX : 0, space: 80, values: labelled ? (u, splits, axis, space, step) => timeLabels(splits, step) : () => [], splits: undefined },
        { ...common, size: LEFT_PX, gap: 4, splits: () => this.spec.ticks?.() ?? [], values: (u, splits) => splits.map((value) => this.spec.tick?.(value) ?? `${value}`) },
      ],
      tzDate: (second) => uPlot.tzDate(new Date(second * 1000), zone()),
      series: [{}, { paths: () => null, points: { show: false } }],
      hooks: {
        draw: [(u) => this.draw(u)],
        setCursor: [(u) => this.point(u)],
        setSelect: [(u) => this.select(u)],
      },
    };
  }

  draw(u) {
    const pen = u.ctx;
    const { left, top, width, height } = u.bbox;
    pen.save();
    pen.beginPath();
    pen.rect(left, top, width, height);
    pen.clip();
    this.ratio = uPlot.pxRatio;
    this.pattern = hatch(pen, this.tone.hatch, this.tone["unknown-ground"], this.ratio);
    this.spec.draw(pen, this);
    pen.restore();
  }

  /** The place of a second, and of a value, in the canvas's pixels. */
  x(second) {
    return this.plot.valToPos(second, "x", true);
  }

  y(value) {
    return this.plot.valToPos(value, "y", true);
  }

  get box() {
    return this.plot.bbox;
  }

  /** Fill from second to second over the whole height. */
  column(pen, from, to, fill) {
    const [a, b] = [this.x(from), this.x(to)];
    pen.fillStyle = fill;
    pen.fillRect(a, this.box.top, Math.max(b - a, this.ratio), this.box.height);
  }

  point(u) {
    if (u.cursor.left === undefined || u.cursor.left < 0) this.onPoint(null);
    else this.onPoint(u.posToVal(u.cursor.left, "x"));
  }

  select(u) {
    const { left, width } = u.select;
    if (width < 4) return;
    const [from, to] = [u.posToVal(left, "x"), u.posToVal(left + width, "x")];
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.onZoom(from, to);
  }

  /** The theme has changed. */
  paint() {
    this.tone = tones();
    this.plot?.destroy();
    this.plot = null;
    this.show(...this.window);
  }
}

/** Ticks of the time axis: the clock, and the date where it changes. */
function timeLabels(splits, step) {
  let last = "";
  return splits.map((second) => {
    const ms = second * 1000;
    const part = Object.fromEntries(
      new Intl.DateTimeFormat("en-GB", { timeZone: zone(), day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" })
        .formatToParts(ms)
        .map(({ type, value }) => [type, value]),
    );
    const date = `${part.day} ${part.month} ${part.year}`;
    const time = `${part.hour}:${part.minute}${step < 60 ? `:${part.second}` : ""}`;
    if (step >= 86_400) {
      const year = part.year !== last;
      last = part.year;
      return year ? `${part.day} ${part.month}\n${part.year}` : `${part.day} ${part.month}`;
    }
    const changed = date !== last;
    last = date;
    return changed ? `${time}\n${date}` : time;
  });
}
