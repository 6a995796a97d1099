// What is inside the four charts: share, networks, upstreams, view. Each is a `spec` of a Frame over
// `data()` (entity_data.js), with its sentence for those who do not see it.

import { at, stretches } from "./steps.js";

const ROW_PX = 27;
const MOST_LANES = 24;
export const MOST_WAYS = 6;
export const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3], [4, 2], [1, 2]];

/** The percentage of the usual, null where it is not known. */
export function percent(units, baseline) {
  return units === null || units === undefined || !baseline ? null : (100 * units) / baseline;
}

/** Steps as a line. `uprights` join them faintly; where changes are dense, they would hide what lies between. */
function line(pen, frame, steps, end, value, stroke, { dash = [], uprights = true } = {}) {
  const [from, to] = frame.window;
  const joins = new Path2D();
  let last = null;
  pen.strokeStyle = stroke;
  pen.lineWidth = 2 * frame.ratio;
  pen.setLineDash(dash.map((part) => part * frame.ratio));
  pen.beginPath();
  for (const [begin, until, one] of stretches(steps, end, from, to)) {
    const height = value(one);
    if (height === null || height === undefined) {
      last = null;
      continue;
    }
    const [a, y] = [frame.x(begin), frame.y(height)];
    if (last !== null) {
      joins.moveTo(a, last);
      joins.lineTo(a, y);
    }
    pen.moveTo(a, y);
    pen.lineTo(frame.x(until), y);
    last = y;
  }
  pen.stroke();
  pen.setLineDash([]);
  if (!uprights) return;
  pen.globalAlpha = 0.6;
  pen.lineWidth = frame.ratio;
  pen.stroke(joins);
  pen.globalAlpha = 1;
}

/** Reachable share: lit below the line, dark above it, hatched where unknown. */
export function shareSpec(data) {
  const noBaseline = () => !data().share.some(([, one]) => one.baseline);
  const most = () => Math.max(1, ...data().share.map(([, one]) => one.highest ?? 0));
  const value = (one, key) => (noBaseline() ? one[key] : percent(one[key], one.baseline));
  return {
    height: () => 220,
    labelled: true,
    range: () => (noBaseline() ? [0, most() * 1.05] : [0, 104]),
    ticks: () => (noBaseline() ? [0, most()] : [0, 25, 50, 75, 100]),
    tick: (tick) => (noBaseline() ? `${tick}` : `${tick} %`),
    draw(pen, frame) {
      const { share, to: end } = data();
      for (const [begin, until, one] of stretches(share, end, ...frame.window)) {
        const [low, high] = [value(one, "lowest"), value(one, "highest")];
        if (low === null) {
          frame.column(pen, begin, until, frame.pattern);
          continue;
        }
        const [a, b] = [frame.x(begin), Math.max(frame.x(until), frame.x(begin) + frame.ratio)];
        const zero = frame.y(0);
        pen.fillStyle = frame.tone.area;
        pen.fillRect(a, frame.y(Math.min(low, 100)), b - a, zero - frame.y(Math.min(low, 100)));
        if (!noBaseline() && low < 100) {
          pen.fillStyle = frame.tone.gone;
          pen.fillRect(a, frame.y(100), b - a, frame.y(low) - frame.y(100));
        }
        if (high > low) {
          // By the hour: between the lowest and the highest of it.
          pen.globalAlpha = 0.45;
          pen.fillStyle = frame.tone.area;
          pen.fillRect(a, frame.y(Math.min(high, 100)), b - a, frame.y(low) - frame.y(Math.min(high, 100)));
          pen.globalAlpha = 1;
        }
      }
      line(pen, frame, share, end, (one) => value(one, "lowest"), frame.tone.up, { uprights: false });
    },
    say() {
      const known = data().share.map(([, one]) => value(one, "lowest")).filter((one) => one !== null);
      if (known.length === 0) return "Nothing is known of the share in this window.";
      const last = value(data().share.at(-1)[1], "lowest");
      const unit = noBaseline() ? " address blocks" : " %";
      const round = (number) => Math.floor(number * 10) / 10;
      const blind = data().share.some(([, one]) => one.lowest === null);
      return `Between ${round(Math.min(...known))} and ${round(Math.max(...known))}${unit} could be reached; at the end ${last === null ? "it is unknown" : `${round(last)}${unit}`}.${blind ? " Parts are unknown." : ""}`;
    },
    read(second) {
      const one = at(data().share, second);
      if (one === undefined) return "share not recorded";
      if (one.lowest === null) return "share unknown";
      const share = percent(one.lowest, one.baseline);
      const of = one.baseline ? ` of ${one.baseline}` : "";
      return `${share === null ? "" : `${Math.floor(share * 10) / 10} % reachable, `}${one.lowest}${of} address blocks${data().resolution === "hour" ? " (the hour’s lowest)" : ""}`;
    },
  };
}

/** Networks as lanes: up, gone, unknown; blank where nothing was recorded. */
export function lanesSpec(data) {
  const shown = () => data().networks.slice(0, MOST_LANES);
  return {
    height: () => Math.max(1, shown().length) * ROW_PX + 14,
    labelled: false,
    // Rows go downwards from 0: uPlot turns a range that does over when it is set again.
    range: () => [-Math.max(1, shown().length), 0],
    ticks: () => [],
    draw(pen, frame) {
      const lanes = shown();
      pen.font = `${11 * frame.ratio}px ${frame.tone.sans}`;
      pen.textBaseline = "alphabetic";
      pen.textAlign = "left";
      lanes.forEach(({ prefix, stretches: parts }, row) => {
        const top = frame.y(-row - 0.52);
        const height = frame.y(-row - 0.94) - top;
        for (const [begin, until, state] of parts) {
          const [a, b] = [frame.x(Math.max(begin, frame.window[0])), frame.x(Math.min(until, frame.window[1]))];
          if (b <= a) continue;
          pen.fillStyle = state === "up" ? frame.tone.area : state === "down" ? frame.tone.gone : frame.pattern;
          pen.fillRect(a, top, Math.max(b - a, frame.ratio), height);
        }
        pen.fillStyle = frame.tone["ink-soft"];
        pen.fillText(prefix, frame.box.left + 2 * frame.ratio, top - 3 * frame.ratio);
      });
    },
    note() {
      const count = data().networks.length;
      const rest = count - MOST_LANES;
      if (count === 0) return "none recorded in this window";
      return rest > 0 ? `${MOST_LANES} of ${count}, those that were gone first; all in the tables below` : `${count}`;
    },
    say() {
      const gone = data().networks.filter(({ gone_s: time }) => time > 0).length;
      const count = data().networks.length;
      return count === 0 ? "No networks are recorded in this window." : `${count} networks; ${gone} of them were gone for some time.`;
    },
    read(second) {
      const states = data().networks.map(({ stretches: parts }) => parts.find(([begin, until]) => begin <= second && second < until)?.[2]);
      const known = states.filter(Boolean);
      if (known.length === 0) return "";
      const gone = known.filter((state) => state === "down").length;
      return `${known.length - gone} of ${known.length} networks up`;
    },
  };
}

/** By which ways out the networks are seen. */
export function upstreamsSpec(data) {
  const shown = () => data().upstreams.slice(0, MOST_WAYS);
  return {
    height: () => (shown().length ? 150 : 40),
    labelled: false,
    range: () => [0, 104],
    ticks: () => (shown().length ? [0, 50, 100] : []),
    tick: (tick) => `${tick} %`,
    draw(pen, frame) {
      for (const [begin, until, one] of stretches(data().share, data().to, ...frame.window)) {
        if (one.lowest === null) frame.column(pen, begin, until, frame.pattern);
      }
      shown()
        .map((way, i) => [way, i])
        .reverse()
        .forEach(([way, i]) => line(pen, frame, way.steps, data().to, (share) => (share === null || share === undefined ? null : share * 100), frame.tone[`line-${i + 1}`], { dash: DASHES[i] }));
    },
    note() {
      const rest = data().upstreams.length - MOST_WAYS;
      if (data().upstreams.length === 0) return "none recorded in this window";
      return rest > 0 ? `the ${MOST_WAYS} largest of ${data().upstreams.length}` : "";
    },
    say() {
      if (data().upstreams.length === 0) return "No upstreams are recorded in this window.";
      return shown()
        .map(({ words, steps }) => {
          const shares = steps.map(([, value]) => value).filter((value) => value !== null && value !== undefined);
          return `${words}: between ${Math.floor(Math.min(...shares) * 100)} and ${Math.floor(Math.max(...shares) * 100)} %.`;
        })
        .join(" ");
    },
    read(second) {
      return shown()
        .map((way) => [way, at(way.steps, second)])
        .filter(([, value]) => value !== undefined && value !== null)
        .slice(0, 3)
        .map(([{ name, words }, value]) => `${name ?? words} ${Math.floor(value * 100)} %`)
        .join(", ");
    },
  };
}

/** How many observers could see. */
export function viewSpec(data) {
  const most = () => Math.max(1, ...data().view.map(([, one]) => Math.max(one.known ?? 0, one.expected ?? 0)));
  return {
    height: () => 130,
    labelled: true,
    range: () => [0, most() * 1.12],
    ticks: () => [0, most()],
    draw(pen, frame) {
      const { view, to: end } = data();
      for (const [begin, until, one] of stretches(view, end, ...frame.window)) {
        if (one.known === null) {
          frame.column(pen, begin, until, frame.pattern);
          continue;
        }
        const [a, b] = [frame.x(begin), frame.x(until)];
        pen.fillStyle = frame.tone.grid;
        pen.fillRect(a, frame.y(one.known), Math.max(b - a, frame.ratio), frame.y(0) - frame.y(one.known));
      }
      line(pen, frame, view, end, (one) => one.expected, frame.tone["ink-faint"], { dash: [3, 4] });
      line(pen, frame, view, end, (one) => one.known, frame.tone["ink-soft"]);
    },
    note() {
      return data().view.some(([, one]) => one.expected !== null) ? "dashed: expected" : "";
    },
    say() {
      const known = data().view.map(([, one]) => one.known).filter((one) => one !== null);
      return known.length === 0 ? "The view is not recorded in this window." : `Between ${Math.min(...known)} and ${Math.max(...known)} observers (peer ASes) could see.`;
    },
    read(second) {
      const one = at(data().view, second);
      if (one === undefined) return "";
      if (one.known === null) return "view broken";
      return `${one.known}${one.expected === null ? "" : ` of ${one.expected}`} observers could see`;
    },
  };
}
