"""How many announcements (table entries too) and withdrawals a file holds, by quickrib's reader. Needs Python 3.12.

python iterate_quickrib.py FILE
"""

from __future__ import annotations

import json
import sys

from pybgpflux.parsers.pybgpkit import PyBGPKITParser


def main() -> None:
    announced = withdrawn = 0
    for element in PyBGPKITParser(sys.argv[1], is_rib=False, collector="one"):
        if element.type == "A":
            announced += 1
        else:
            withdrawn += 1
    print(json.dumps({"announced": announced, "withdrawn": withdrawn}))


if __name__ == "__main__":
    main()
