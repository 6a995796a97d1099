// The charts' values as tables, for those who do not see charts, and for those who want numbers.

import { percent } from "./charts.js";
import { shareOf } from "./services_chart.js";
import { moment, zoneWords } from "./zone.js";

const MOST_ROWS = 400;

function table(caption, heads, rows) {
  const made = document.createElement("table");
  made.createCaption().textContent = caption;
  const head = made.createTHead().insertRow();
  for (const words of heads) {
    const cell = head.appendChild(document.createElement("th"));
    cell.scope = "col";
    cell.textContent = words;
  }
  const body = made.createTBody();
  for (const row of rows.slice(0, MOST_ROWS)) {
    const line = body.insertRow();
    row.forEach((value) => {
      line.insertCell().textContent = value;
    });
  }
  if (rows.length > MOST_ROWS) {
    const cell = body.insertRow().insertCell();
    cell.colSpan = heads.length;
    cell.textContent = `And ${rows.length - MOST_ROWS} more: take the CSV, or a shorter time.`;
  }
  return made;
}

const words = (value, unit = "") => (value === null || value === undefined ? "unknown" : `${value}${unit}`);

/** The tables of a window's data. */
export function tables(data) {
  const at = (second) => moment(second * 1000, true);
  const clock = zoneWords(data.from * 1000);
  const share = data.share.map(([second, one]) => {
    const part = percent(one.lowest, one.baseline);
    return [at(second), words(part === null ? null : Math.floor(part * 10) / 10, " %"), words(one.lowest), words(one.baseline)];
  });
  const gone = data.networks.flatMap(({ prefix, stretches }) => {
    const parts = stretches.filter(([begin, end, state]) => state !== "up" && begin < data.to && end > data.from);
    return parts.length === 0 ? [[prefix, "", "", "up throughout"]] : parts.map(([begin, end, state]) => [prefix, at(begin), at(end), state === "down" ? "gone" : "unknown"]);
  });
  const ways = data.upstreams.map(({ words: way, steps }) => {
    const shares = steps.map(([, value]) => value).filter((value) => value !== null && value !== undefined);
    const round = (value) => `${Math.floor(value * 1000) / 10} %`;
    return [way, round(shares[0] ?? 0), round(Math.min(...shares)), round(shares.at(-1) ?? 0)];
  });
  const answered = data.services.rows.flatMap(({ words: service, steps }) =>
    steps.map(([second, one]) => [service, at(second), words(shareOf(one) === null ? null : Math.floor(shareOf(one) * 1000) / 10, " %"), `${one.up}`, `${one.down}`, `${one.unknown}`]),
  );
  const view = data.view.map(([second, one]) => [at(second), words(one.known), words(one.expected)]);
  const hourly = data.resolution === "hour" ? ", the lowest of each hour" : "";
  return [
    table(`Share of the usual address blocks${hourly} (${clock})`, ["From", "Share", "Blocks", "Usual"], share),
    table(`Networks (${clock})`, ["Network", "From", "To", "State"], gone),
    ...(answered.length ? [table(`Services${data.services.madeUp ? ", a reconstruction" : ""} (${clock})`, ["Service", "From", "Answered", "Up", "Down", "Not known"], answered)] : []),
    table("Upstreams", ["Upstream", "At first", "At the lowest", "At last"], ways),
    table(`Observers (${clock})`, ["From", "Could see", "Expected"], view),
  ];
}
