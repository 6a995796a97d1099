// News of the server: each becomes an event on the body, on which parts of the page fetch themselves anew.

const WAIT_MS = 400;
/** News that come in a bunch are told once. */

/** Listen to /api/1/events as long as the page is open; the browser connects again by itself. */
export function startLive() {
  const sign = document.getElementById("live");
  const words = document.getElementById("live-words");
  const told = new Map();
  const source = new EventSource("/api/1/events");
  sign.hidden = false;
  words.textContent = "Connecting";

  source.addEventListener("open", () => {
    sign.classList.add("on");
    words.textContent = "Updates by itself";
  });
  source.addEventListener("error", () => {
    sign.classList.remove("on");
    words.textContent = "Not connected";
  });
  for (const kind of ["incident", "samples"]) {
    source.addEventListener(kind, (event) => {
      const detail = JSON.parse(event.data || "{}");
      clearTimeout(told.get(kind));
      told.set(kind, setTimeout(() => tell(kind, detail), WAIT_MS));
    });
  }
  addEventListener("pagehide", () => source.close());
  document.addEventListener("htmx:after:swap", renewPictures);
}

/** A browser shows a picture that it has had on this page without asking again: so the new one comes as data. */
async function renewPictures() {
  for (const picture of document.querySelectorAll("#report img[src^='/api/']")) {
    const answer = await fetch(picture.src, { cache: "no-cache" });
    if (answer.ok) picture.src = `data:image/svg+xml,${encodeURIComponent(await answer.text())}`;
  }
}

function tell(kind, detail) {
  document.body.dispatchEvent(new CustomEvent(`${kind}-stored`, { detail, bubbles: true }));
  if (detail.id) document.body.dispatchEvent(new CustomEvent(`stored-${detail.id}`));
  if (kind === "incident" && detail.id) {
    document.getElementById("announce").textContent = `Incident ${detail.id} was updated.`;
  }
}
