"""Each country's share every five minutes, by `bgpdump -m` and dicts.

python shares_bgpdump.py FOLDER COUNTRIES
"""

from __future__ import annotations

import subprocess

from share_dicts import main


def lines(file):
    with subprocess.Popen(
        ["bgpdump", "-m", file], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as run:
        yield from run.stdout


def table(file):
    for line in lines(file):
        fields = line.split("|", 6)
        yield int(fields[1]), int(fields[4]), fields[5]


def elements(file):
    for line in lines(file):
        fields = line.split("|", 6)
        if fields[2] in "AW":
            yield int(fields[1]), fields[2], int(fields[4]), fields[5].rstrip("\n")


if __name__ == "__main__":
    main(table, elements)
