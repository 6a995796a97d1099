// Whose clock the page shows: the reader's own (unless chosen otherwise), UTC, or the place's.
// The choice stays in this browser; `tz=` in the address goes before it, so that a link shows what was meant.

import { addressWith } from "./steps.js";

const KINDS = ["mine", "utc", "place"];
const root = document.documentElement;

/** Tells "change" when another clock is chosen. */
export const clock = new EventTarget();

function kept() {
  const asked = new URL(location.href).searchParams.get("tz");
  let own = null;
  try {
    own = localStorage.getItem("zone");
  } catch {
    // A browser that keeps nothing shows the reader's own time.
  }
  const kind = [asked, own].find((word) => KINDS.includes(word)) ?? "mine";
  return kind === "place" && !root.dataset.placeZone ? "mine" : kind;
}

let kind = kept();

/** The zone's name for Intl: `Asia/Pyongyang`. */
export function zone() {
  if (kind === "utc") return "UTC";
  if (kind === "place") return root.dataset.placeZone;
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

/** `UTC`, `Pyongyang, UTC+09:00`, `Berlin, UTC+01:00`: whose time it is at that moment (milliseconds). */
export function zoneWords(ms) {
  const name = zone();
  if (name === "UTC" || name === "Etc/UTC") return "UTC";
  return `${name.split("/").pop().replaceAll("_", " ")}, ${offset(ms, name)}`;
}

function offset(ms, name) {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZone: name, timeZoneName: "longOffset" }).formatToParts(ms);
  const found = parts.find((part) => part.type === "timeZoneName").value.replace("GMT", "UTC");
  return found === "UTC" ? "UTC+00:00" : found;
}

const formats = new Map();

function format(seconds) {
  const key = `${zone()} ${seconds}`;
  if (!formats.has(key)) {
    const options = { timeZone: zone(), day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    if (seconds) options.second = "2-digit";
    formats.set(key, new Intl.DateTimeFormat("en-GB", options));
  }
  return formats.get(key);
}

/** `23 Dec 2014 01:15`, without its zone. */
export function moment(ms, seconds = false) {
  const part = Object.fromEntries(format(seconds).formatToParts(ms).map(({ type, value }) => [type, value]));
  const time = seconds ? `${part.hour}:${part.minute}:${part.second}` : `${part.hour}:${part.minute}`;
  return `${part.day} ${part.month} ${part.year} ${time}`;
}

/** `23 Dec 2014 01:15 (Pyongyang, UTC+09:00)`, or `22 Dec 2014 16:15 UTC`. */
export function momentWithZone(ms, seconds = false) {
  const words = zoneWords(ms);
  return words === "UTC" ? `${moment(ms, seconds)} UTC` : `${moment(ms, seconds)} (${words})`;
}

function rewrite() {
  for (const time of document.querySelectorAll("time[data-when]")) {
    const ms = Date.parse(time.dateTime);
    const seconds = time.dataset.when === "seconds";
    // From … to …: the zone once, unless the clocks changed between the two.
    const end = time.dataset.to ? Date.parse(time.dataset.to) : null;
    const words = end !== null && zoneWords(end) === zoneWords(ms) ? moment(ms, seconds) : momentWithZone(ms, seconds);
    if (time.textContent !== words) time.textContent = words;
    time.title = time.dateTime;
  }
  for (const place of document.querySelectorAll("[data-age]")) {
    const words = ` (${age(Date.now() - Date.parse(place.dataset.age))})`;
    if (place.textContent !== words) place.textContent = words;
  }
}

function age(ms) {
  const minutes = ms / 60_000;
  if (minutes < 15) return "live";
  if (minutes < 120) return `${Math.floor(minutes)} minutes ago: not live`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} hours ago: not live`;
  const days = Math.floor(minutes / 1440);
  return days < 730 ? `${days} days ago: not live` : `${Math.floor(days / 365.25)} years ago: an archive, not live`;
}

/** Put all times on the chosen clock, show the switch, and keep what comes later on it too. */
export function startZones() {
  const box = document.getElementById("zones");
  rewrite();
  document.addEventListener("htmx:after:swap", rewrite);
  setInterval(rewrite, 60_000);
  if (!box) return;
  box.hidden = false;
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  document.getElementById("zone-mine").title = own;
  for (const input of box.querySelectorAll("input")) input.checked = input.value === kind;
  box.addEventListener("change", (event) => {
    kind = event.target.value;
    try {
      localStorage.setItem("zone", kind);
    } catch {
      // See above.
    }
    history.replaceState(history.state, "", addressWith({ tz: null }));
    rewrite();
    clock.dispatchEvent(new Event("change"));
  });
}

/** The kind chosen, for links. */
export function zoneKind() {
  return kind;
}
