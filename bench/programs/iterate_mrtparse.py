"""How many announcements (table entries too) and withdrawals a file holds, by mrtparse.

python iterate_mrtparse.py FILE
"""

from __future__ import annotations

import json
import sys

from mrtparse import Reader

MP_REACH, MP_UNREACH = 14, 15


def main() -> None:
    announced = withdrawn = 0
    for message in Reader(sys.argv[1]):
        data = message.data
        announced += len(data.get("rib_entries", ()))
        if "prefix" in data and "path_attributes" in data:
            announced += 1
        update = data.get("bgp_message", {})
        announced += len(update.get("nlri", ()))
        withdrawn += len(update.get("withdrawn_routes", ()))
        for attribute in update.get("path_attributes", ()):
            if MP_REACH in attribute["type"]:
                announced += len(attribute["value"].get("nlri", ()))
            elif MP_UNREACH in attribute["type"]:
                withdrawn += len(attribute["value"].get("withdrawn_routes", ()))
    print(json.dumps({"announced": announced, "withdrawn": withdrawn}))


if __name__ == "__main__":
    main()
