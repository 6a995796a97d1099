"""A file as a stream of pybgpstream's elements.

Written from its documentation: libbgpstream could not be had to try it.
"""

from __future__ import annotations

import sys

import pybgpstream


def elements():
    path = sys.argv[1]
    stream = pybgpstream.BGPStream(data_interface="singlefile")
    kind = "upd-file" if "updates" in path.rpartition("/")[2] else "rib-file"
    stream.set_data_interface_option("singlefile", kind, path)
    return stream
