// Values that hold until the next one: [[second, value], ...] in the order of time.

/** The value at a second; undefined before the first. */
export function at(steps, second) {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle][0] <= second) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? undefined : steps[low - 1][1];
}

/** Each step as (begin, end, value), up to `end`, within [from, to]. */
export function* stretches(steps, end, from = -Infinity, to = Infinity) {
  for (let i = 0; i < steps.length; i += 1) {
    const begin = Math.max(steps[i][0], from);
    const until = Math.min(i + 1 < steps.length ? steps[i + 1][0] : end, to);
    if (begin < until) yield [begin, until, steps[i][1]];
  }
}

/** Seconds since 1970 of an ISO time. */
export function second(text) {
  return Date.parse(text) / 1000;
}

/** The page's address with other times and the like in it; null takes one out. Colons stay readable. */
export function addressWith(values) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(values)) {
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  url.search = url.search.replaceAll("%3A", ":");
  return url;
}

/** The ISO time of a second. */
export function iso(value) {
  return new Date(Math.round(value) * 1000).toISOString().replace(".000Z", "Z");
}
