// News of the server: each becomes an event on the body, on which parts of the page fetch themselves anew.

/** News that come in a bunch are told once, and of one kind no oftener than this. */
const WAIT_MS = { incident: 1000, samples: 5000, results: 30_000 };
const SOON_MS = 300;

const waiting = new Set();
const told = new Map();
let source = null;

/** Listen to /api/1/events as long as the page is looked at; the browser connects again by itself. */
export function startLive() {
  document.getElementById("live").hidden = false;
  connect();
  document.addEventListener("visibilitychange", () => {
    // A browser opens few lines to one server: a page that nobody looks at gives its own back.
    if (document.visibilityState === "hidden") {
      source.close();
    } else if (source.readyState === EventSource.CLOSED) {
      connect();
      for (const kind of ["incident-stored", "samples-stored", "results-stored", "returned"]) document.body.dispatchEvent(new Event(kind));
    }
  });
  addEventListener("pagehide", () => source.close());
  document.addEventListener("htmx:after:swap", renewPictures);
}

function connect() {
  say(false, "Connecting");
  source = new EventSource("/api/1/events");
  source.addEventListener("open", () => say(true, "Updates by itself"));
  source.addEventListener("error", () => say(false, "Not connected"));
  for (const kind of ["incident", "samples", "results"]) {
    source.addEventListener(kind, (event) => {
      const { id } = JSON.parse(event.data || "{}");
      later(id ?? kind, WAIT_MS[kind], () => tell(kind, id));
    });
  }
}

function later(what, least, act) {
  if (waiting.has(what)) return;
  waiting.add(what);
  const since = performance.now() - (told.get(what) ?? -least);
  setTimeout(() => {
    waiting.delete(what);
    told.set(what, performance.now());
    act();
  }, Math.max(SOON_MS, least - since));
}

function say(on, words) {
  document.getElementById("live").classList.toggle("on", on);
  document.getElementById("live-words").textContent = words;
}

function tell(kind, id) {
  document.body.dispatchEvent(new Event(`${kind}-stored`));
  if (!id) return;
  document.body.dispatchEvent(new Event(`stored-${id}`));
  document.getElementById("announce").textContent = `Incident ${id} was updated.`;
}

/** A browser shows a picture that it has had on this page without asking again: so the new one comes as data. */
async function renewPictures() {
  for (const picture of document.querySelectorAll("#report img[src^='/api/']")) {
    const answer = await fetch(picture.src, { cache: "no-cache" });
    if (answer.ok) picture.src = `data:image/svg+xml,${encodeURIComponent(await answer.text())}`;
  }
}
