// What the charts of one entity show, fetched for one window of time and put on one axis.

import { fits, servicesOf } from "./services_chart.js";
import { iso, second } from "./steps.js";

const CHANGES_UP_TO_S = 14 * 86_400;
/** Longer windows are shown by the hour. */
const MOST_INCIDENTS = 10;

async function json(address) {
  const answer = await fetch(address);
  const said = await answer.json();
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(said.error?.what ?? answer.statusText);
  return said;
}

/** How far the entity's data reach: {first, last} in seconds, null where there are none. */
export async function reach(type, code) {
  const state = await json(`/api/1/entities/${type}/${encodeURIComponent(code)}`);
  return state && { first: second(state.first), last: second(state.last) };
}

/** All charts' data for [from, to) in seconds; services where the country is `checked`. */
export async function loadWindow(type, code, from, to, checked) {
  const resolution = to - from <= CHANGES_UP_TO_S ? "change" : "hour";
  const range = `from=${iso(from)}&to=${iso(to)}`;
  const own = encodeURIComponent(code);
  const services = checked && fits(from, to) ? json(`/api/1/checks?country=${own}&${range}`) : null;
  const [signal, seen, listed, answered] = await Promise.all([
    json(`/api/1/signals/${type}/${own}?${range}&resolution=${resolution}`),
    json(`/api/1/signals/view/all?${range}&resolution=${resolution}`),
    json(`/api/1/incidents?type=${type}&code=${own}&${range}&limit=${MOST_INCIDENTS}`),
    services,
  ]);
  const ids = (listed?.items ?? []).map(({ id }) => id).reverse();
  const series = (await Promise.all(ids.map((id) => json(`/api/1/incidents/${id}/series`)))).filter(Boolean);
  return {
    from,
    to,
    resolution,
    more: Boolean(listed?.next),
    incidents: listed?.items ?? [],
    share: signal ? share(signal, resolution) : shareOfSeries(series),
    networks: networks(series, from, to),
    services: servicesOf(answered),
    upstreams: upstreams(series),
    view: view(seen, series, resolution),
    recorded: series.map((one) => [second(one.from), second(one.to)]),
  };
}

/** Steps of {lowest, highest, mean, baseline}, all null where unknown. */
function share(signal, resolution) {
  const { time, units, baseline, lowest, highest, mean } = signal.columns;
  return time.map((text, i) => {
    const value = resolution === "hour" ? { lowest: lowest[i], highest: highest[i], mean: mean[i] } : { lowest: units[i], highest: units[i], mean: units[i] };
    return [second(text), { ...value, baseline: baseline[i] }];
  });
}

function shareOfSeries(series) {
  const steps = [];
  for (const one of series) {
    const { time, units, baseline } = one.columns;
    time.forEach((text, i) => steps.push([second(text), { lowest: units[i], highest: units[i], mean: units[i], baseline: baseline[i] }]));
    steps.push([second(one.to), { lowest: null, highest: null, mean: null, baseline: null }]);
  }
  return steps.sort((a, b) => a[0] - b[0]);
}

/** Lanes by prefix: {prefix, stretches: [[from, to, state]], gone_s}; the most affected first. */
function networks(series, from, to) {
  const lanes = new Map();
  for (const one of series) {
    for (const { prefix, stretches } of one.networks) {
      if (!lanes.has(prefix)) lanes.set(prefix, []);
      for (const stretch of stretches) lanes.get(prefix).push([second(stretch.from), second(stretch.to), stretch.state]);
    }
  }
  return [...lanes]
    .map(([prefix, stretches]) => {
      const gone = stretches.filter(([, , state]) => state === "down").map(([a, b]) => Math.max(0, Math.min(b, to) - Math.max(a, from)));
      return { prefix, stretches, gone_s: gone.reduce((sum, part) => sum + part, 0) };
    })
    .sort((a, b) => Number(b.gone_s > 0) - Number(a.gone_s > 0));
}

/** Steps of shares by upstream, the largest first, all others (asn null) last: {asn, words, steps: [[second, share]]}. */
function upstreams(series) {
  const ways = new Map();
  for (const one of series) {
    for (const way of one.upstreams ?? []) {
      if (!ways.has(way.asn)) ways.set(way.asn, { asn: way.asn, name: way.name, words: wayWords(way), steps: [] });
      const { steps } = ways.get(way.asn);
      for (const step of way.steps) steps.push([second(step.time), step.share]);
      steps.push([second(one.to), undefined]);
    }
  }
  const most = ({ steps }) => Math.max(0, ...steps.map(([, value]) => value ?? 0));
  return [...ways.values()].sort((a, b) => Number(a.asn === null) - Number(b.asn === null) || most(b) - most(a));
}

function wayWords({ asn, name }) {
  if (asn === null) return "all others";
  return name ? `AS${asn} ${name}` : `AS${asn}`;
}

/** Steps of {known, expected}; known is null where our own view was broken. */
function view(seen, series, resolution) {
  const expected = series.flatMap((one) => one.view.map((step) => [second(step.time), step.expected])).sort((a, b) => a[0] - b[0]);
  if (!seen) {
    const steps = series.flatMap((one) => one.view.map((step) => [second(step.time), { known: step.known, expected: step.expected }]));
    return steps.sort((a, b) => a[0] - b[0]);
  }
  const { time, units, lowest, baseline } = seen.columns;
  const known = resolution === "hour" ? lowest : units;
  return time.map((text, i) => {
    const when = second(text);
    const near = expected.findLast(([t]) => t <= when);
    return [when, { known: known[i], expected: baseline[i] ?? near?.[1] ?? null }];
  });
}
