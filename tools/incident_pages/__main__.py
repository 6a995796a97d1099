"""Write docs/incidents/: a page for each shipped scene, and their index. About a minute and a half.

make incidents
"""

from __future__ import annotations

from pathlib import Path

from tools.incident_pages.page import index, page
from tools.incident_pages.scenes import replayed

from nightside.scenes.script import list_scenes

FOLDER = Path(__file__).resolve().parent.parent.parent / "docs" / "incidents"


def main() -> None:
    """Replay every scene, then write what has changed."""
    every = [replayed(name) for name in list_scenes()]
    FOLDER.mkdir(exist_ok=True)
    pages = {f"{found.scene.name}.md": page(found) for found in every} | {"README.md": index(every)}
    for name, text in pages.items():
        path = FOLDER / name
        changed = not path.exists() or path.read_text(encoding="utf-8") != text
        path.write_text(text, encoding="utf-8")
        print(f"{path.relative_to(FOLDER.parent.parent)}: {'written' if changed else 'as it was'}")


if __name__ == "__main__":
    main()
