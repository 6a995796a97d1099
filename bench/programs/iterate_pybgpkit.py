"""How many announcements (table entries too) and withdrawals a file holds, by pybgpkit-parser.

python iterate_pybgpkit.py FILE
"""

from __future__ import annotations

import json
import sys

from pybgpkit_parser import Parser


def main() -> None:
    announced = withdrawn = 0
    for element in Parser(url=sys.argv[1]):
        if element.elem_type == "A":
            announced += 1
        else:
            withdrawn += 1
    print(json.dumps({"announced": announced, "withdrawn": withdrawn}))


if __name__ == "__main__":
    main()
