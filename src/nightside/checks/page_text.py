"""The text of a page, as far as it was read: decoded gently, to look for a few words in it."""

from __future__ import annotations

import re

_DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)
_IN_HEADER = re.compile(r"""charset\s*=\s*"?([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)
_LOOKED_AT_BYTES = 2_048

# What the Encoding Standard of the WHATWG reads each label as. No other name is looked up: some of Python's codecs
# are no encodings of text, and some take time that grows with the square of what they are given.
_AS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "windows-1252": "cp1252",
    "iso-8859-2": "iso8859-2",
    "windows-1250": "cp1250",
    "windows-1251": "cp1251",
    "koi8-r": "koi8-r",
    "windows-1256": "cp1256",
    "iso-8859-6": "iso8859-6",
    "windows-1255": "cp1255",
    "windows-1254": "cp1254",
    "windows-874": "cp874",
    "tis-620": "cp874",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc-jp": "euc_jp",
}


def encoding_of(content_type: str, page: bytes) -> str:
    """What the header declares, else the page itself; UTF-8 where neither does, or in a way that we do not know."""
    header = _IN_HEADER.search(content_type)
    if header is not None:
        return _AS.get(header[1].lower(), "utf-8")
    declared = _DECLARED.search(page[:_LOOKED_AT_BYTES])
    return "utf-8" if declared is None else _AS.get(declared[1].decode("ascii").lower(), "utf-8")


def holds(page: bytes, content_type: str, words: str) -> bool:
    """Whether the words stand in the page. Bytes that are no text in its encoding spoil no others."""
    return words in page.decode(encoding_of(content_type, page), errors="replace")
