"""Each country's share every five minutes, by pybgpkit-parser and dicts.

python shares_pybgpkit.py FOLDER COUNTRIES
"""

from __future__ import annotations

from pybgpkit_parser import Parser
from share_dicts import main


def table(file):
    for element in Parser(url=str(file)):
        yield int(element.timestamp), element.peer_asn, element.prefix


def elements(file):
    for element in Parser(url=str(file)):
        yield int(element.timestamp), element.elem_type, element.peer_asn, element.prefix


if __name__ == "__main__":
    main(table, elements)
