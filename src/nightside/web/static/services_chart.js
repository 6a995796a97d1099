// Services in the charts of a country: one row for each, as high as the share that answered, hatched where
// nobody knows. What is fetched is nightside.services/1.

import { at, second, stretches } from "./steps.js";

const ROW_PX = 27;
const LONGEST_S = 31 * 86_400;
/** One answer of the API covers no more. */
const WORDS = { names: "name servers", mail: "mail", sites: "sites", path: "hosts on the path" };

/** Whether a window is short enough to be asked for. */
export function fits(from, to) {
  return to - from <= LONGEST_S;
}

/** What is drawn of an answer: rows of {words, steps: [[second, {up, down, unknown}]]}; none where there is none. */
export function servicesOf(answer) {
  if (!answer) return { rows: [], to: 0, places: 0, madeUp: false };
  const own = new Map(answer.services.filter(({ scope }) => scope === "service").map((course) => [course.name, course.columns]));
  const rows = Object.entries(WORDS)
    .filter(([name]) => own.has(name))
    .map(([name, words]) => {
      const { time, up, down, unknown } = own.get(name);
      return { words, steps: time.map((text, i) => [second(text), { up: up[i], down: down[i], unknown: unknown[i] }]) };
    });
  return { rows, to: second(answer.to), places: answer.places.length, madeUp: answer.reconstruction };
}

/** The share that answers, null where nobody knows. */
export function shareOf({ up, down }) {
  return up + down ? up / (up + down) : null;
}

/** The panel of services. */
export function servicesSpec(data) {
  const shown = () => data().services;
  return {
    height: () => Math.max(1, shown().rows.length) * ROW_PX + 14,
    labelled: false,
    // Rows go downwards from 0: uPlot turns a range that does over when it is set again.
    range: () => [-Math.max(1, shown().rows.length), 0],
    ticks: () => [],
    draw(pen, frame) {
      const { rows, to: end } = shown();
      pen.font = `${11 * frame.ratio}px ${frame.tone.sans}`;
      pen.textBaseline = "alphabetic";
      pen.textAlign = "left";
      rows.forEach(({ words, steps }, row) => {
        const top = frame.y(-row - 0.52);
        const height = frame.y(-row - 0.94) - top;
        for (const [begin, until, one] of stretches(steps, end, ...frame.window)) {
          const [a, b] = [frame.x(begin), frame.x(until)];
          const wide = Math.max(b - a, frame.ratio);
          const share = shareOf(one);
          pen.fillStyle = share === null ? frame.pattern : frame.tone.gone;
          pen.fillRect(a, top, wide, height);
          if (share === null) continue;
          pen.fillStyle = frame.tone.area;
          pen.fillRect(a, top + height * (1 - share), wide, height * share);
        }
        pen.fillStyle = frame.tone["ink-soft"];
        pen.fillText(words, frame.box.left + 2 * frame.ratio, top - 3 * frame.ratio);
      });
    },
    note() {
      const { places, madeUp } = shown();
      const seen = places === 1 ? "from one place" : `from ${places} places`;
      return madeUp ? `${seen}; a reconstruction, not measured` : seen;
    },
    say() {
      return shown()
        .rows.map(({ words, steps }) => {
          const shares = steps.map(([, one]) => shareOf(one)).filter((share) => share !== null);
          if (shares.length === 0) return `${words}: not known.`;
          return `${words}: between ${Math.floor(Math.min(...shares) * 100)} and ${Math.floor(Math.max(...shares) * 100)} % answered.`;
        })
        .join(" ");
    },
    read(when) {
      const { rows, to } = shown();
      if (when >= to) return "";
      return rows
        .map(({ words, steps }) => [words, at(steps, when)])
        .filter(([, one]) => one !== undefined)
        .map(([words, one]) => (shareOf(one) === null ? `${words} not known` : `${words} ${one.up} of ${one.up + one.down}`))
        .join(", ");
    },
  };
}
