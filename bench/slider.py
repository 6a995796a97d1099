"""How many pictures a second the map's slider draws, and how fast a country's page is, in a real browser.

    python -m bench.slider [--days N]

Makes a store in which every country was watched for N days and some went dark, serves it, and drives Debian's
Chromium: playing from end to end, then the slider moved by a hand (a new place with every picture of the
screen). Headless, without a graphics card: a reader's own screen is seldom slower.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from nightside.model.entity import Entity
from nightside.model.signal import Signal, UnknownStretch
from nightside.store.location import open_store
from nightside.world.names import country_codes, country_name

CHROMIUM = "/usr/bin/chromium"
BEGIN = 1_735_689_600
"""2025-01-01T00:00:00Z."""
HOUR_S, DAY_S = 3600, 86_400
SEED = 4
VIEWPORTS = ((1280, 900), (390, 844))

PLAY = """async () => {
  const map = document.getElementById("world").worldMap;
  map.show(0);
  await new Promise(requestAnimationFrame);
  const [drawn, begun] = [map.drawn, performance.now()];
  map.toggle();
  while (map.playing) await new Promise(requestAnimationFrame);
  return (map.drawn - drawn) / (performance.now() - begun) * 1000;
}"""
DRAG = """async () => {
  const map = document.getElementById("world").worldMap;
  const slider = document.getElementById("world-time");
  const [drawn, begun] = [map.drawn, performance.now()];
  for (let i = 0; i < 200; i += 1) {
    slider.value = (i * 7) % Number(slider.max);
    slider.dispatchEvent(new Event("input"));
    await new Promise(requestAnimationFrame);
  }
  return (map.drawn - drawn) / (performance.now() - begun) * 1000;
}"""


def fill(folder: Path, days: int) -> None:
    """Every country for so many days: most stay lit, some go dark or dim, one day is partly out of sight."""
    chance = random.Random(SEED)
    end = BEGIN + days * DAY_S
    signals, baselines = [], {}
    for code in sorted(country_codes()):
        entity = Entity("country", code, country_name(code))
        usual = chance.choice([4, 40, 400, 4000])
        times, units = [BEGIN], [usual]
        for _ in range(chance.choice([0, 0, 0, 1, 3])):
            onset = max(times[-1] + 600, chance.randrange(BEGIN, end - DAY_S))
            times += [onset, onset + chance.choice([600, HOUR_S, 9 * HOUR_S, DAY_S])]
            units += [int(usual * chance.choice([0, 0, 0.2, 0.6, 0.85])), usual]
        blind = end - 3 * DAY_S + chance.randrange(DAY_S)
        unknown = [UnknownStretch(blind, blind + 8 * HOUR_S, "made up")] if chance.random() < 0.2 else []
        last = max(end, times[-1] + HOUR_S)
        signals.append(Signal(entity, times, units, last, unknown))
        baselines[entity] = [(BEGIN, usual)]
    with open_store(folder) as store:
        store.put_samples(signals, baselines)


def measured(address: str, width: int, height: int) -> dict[str, Any]:
    """Pictures a second when played and when moved by hand, on a screen of this size."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": height})
        page.goto(address)
        page.wait_for_selector("#world[data-ready]")
        found = {"played": page.evaluate(PLAY), "by hand": page.evaluate(DRAG)}
        browser.close()
    return found


def main() -> None:
    """Make, serve, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--days", type=int, default=16, help="16 days of hours are close to the 400 frames allowed"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder) / "store", asked.days)
        server = subprocess.Popen(
            [sys.executable, "-m", "nightside", "serve", "--store", f"{folder}/store", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert server.stdout is not None
            address = server.stdout.readline().strip()
            for width, height in VIEWPORTS:
                rates = measured(address, width, height)
                said = ", ".join(f"{how} {rate:.0f}" for how, rate in rates.items())
                print(f"slider at {width} x {height}, pictures a second: {said} ({os.cpu_count()} cores)")
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(10)


if __name__ == "__main__":
    main()
