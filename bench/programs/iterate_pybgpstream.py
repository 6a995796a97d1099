"""How many announcements (table entries too) and withdrawals a file holds, by pybgpstream.

python iterate_pybgpstream.py FILE
"""

from __future__ import annotations

import json

from pybgpstream_stream import elements


def main() -> None:
    announced = withdrawn = 0
    for element in elements():
        if element.type in "RA":
            announced += 1
        elif element.type == "W":
            withdrawn += 1
    print(json.dumps({"announced": announced, "withdrawn": withdrawn}))


if __name__ == "__main__":
    main()
