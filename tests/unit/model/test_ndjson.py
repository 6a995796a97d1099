from __future__ import annotations

import json
import unicodedata

import pytest

from nightside.model.ndjson import dumps


def test_one_compact_line_in_the_order_given() -> None:
    text = dumps({"b": "Côte d'Ivoire\n", "a": [1, 0.5, None, True]})
    assert text == '{"b":"Côte d\'Ivoire\\n","a":[1,0.5,null,true]}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_json_has_no_words_for_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        dumps({"a": value})


def test_nothing_that_a_terminal_obeys_stands_in_a_line() -> None:
    said = "".join(map(chr, range(0x3000)))
    line = dumps({said: [said]})
    assert json.loads(line) == {said: [said]}
    assert not [c for c in line if unicodedata.category(c) in ("Cc", "Zl", "Zp")]
    assert not [c for c in line if unicodedata.bidirectional(c) in ("LRE", "RLE", "LRO", "RLO", "PDF")]
    assert not [c for c in line if unicodedata.bidirectional(c) in ("LRI", "RLI", "FSI", "PDI")]
