"""Which files are read, what they are called, and which are missing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nightside.model.errors import InputError, UnreadableError
from nightside.sources.archive_names import stretch_name
from nightside.sources.layout import Found, InputFile, find_inputs

Make = Callable[..., Path]


def at(text: str) -> int:
    return int(datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC).timestamp())


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes empty files below a folder `in`, and returns it."""

    def make(*names: str) -> Path:
        for name in names:
            path = tmp_path / "in" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path / "in"

    return make


def told(found: Found) -> list[tuple[str, str, str]]:
    return [(file.name, file.collector, file.kind) for file in found.files]


def only(inputs: Iterable[Path]) -> InputFile:
    (file,) = find_inputs(list(inputs)).files
    return file


def test_ris_layout(make: Make) -> None:
    root = make(
        "rrc01/2014.12/updates.20141222.1615.gz",
        "rrc01/2014.12/bview.20141222.1600.gz",
        "rrc00/2014.12/updates.20141222.1620.gz",
    )
    found = find_inputs([root])
    assert told(found) == [
        ("rrc00/2014.12/updates.20141222.1620.gz", "rrc00", "updates"),
        ("rrc01/2014.12/bview.20141222.1600.gz", "rrc01", "table"),
        ("rrc01/2014.12/updates.20141222.1615.gz", "rrc01", "updates"),
    ]
    assert [file.nominal for file in found.files] == [
        at("2014-12-22 16:20"),
        at("2014-12-22 16:00"),
        at("2014-12-22 16:15"),
    ]
    assert {file.cadence_s for file in found.files} == {300}
    assert found.files[0].path == root / "rrc00/2014.12/updates.20141222.1620.gz"


def test_the_collectors_own_folder_and_files_directly_inside(make: Make) -> None:
    root = make("rrc04/updates.20141222.1615", "rrc04/2014.12/updates.20141222.1620.bz2")
    assert told(find_inputs([root / "rrc04"])) == [
        ("updates.20141222.1615", "rrc04", "updates"),
        ("2014.12/updates.20141222.1620.bz2", "rrc04", "updates"),
    ]
    assert told(find_inputs([root / "rrc04" / "2014.12"])) == [
        ("updates.20141222.1620.bz2", "rrc04", "updates")
    ]


def test_route_views_layout(make: Make) -> None:
    root = make(
        "route-views.sydney/bgpdata/2014.12/UPDATES/updates.20141222.1615.bz2",
        "some-new-one/bgpdata/2014.12/RIBS/rib.20141222.1600.gz",
        "bgpdata/2014.12/RIBS/rib.20141222.1600.bz2",
        "bgpdata/2014.12/UPDATES/updates.20141222.1600",
    )
    found = find_inputs([root])
    assert told(found) == [
        (
            "route-views.sydney/bgpdata/2014.12/UPDATES/updates.20141222.1615.bz2",
            "route-views.sydney",
            "updates",
        ),
        ("bgpdata/2014.12/RIBS/rib.20141222.1600.bz2", "route-views2", "table"),
        ("bgpdata/2014.12/UPDATES/updates.20141222.1600", "route-views2", "updates"),
        ("some-new-one/bgpdata/2014.12/RIBS/rib.20141222.1600.gz", "some-new-one", "table"),
    ]
    assert {file.cadence_s for file in found.files} == {900}


def test_bare_bgpdata_given_itself(make: Make) -> None:
    root = make("bgpdata/2014.12/UPDATES/updates.20141222.1615.bz2")
    assert only([root / "bgpdata"]).collector == "route-views2"
    assert only([root / "bgpdata"]).name == "2014.12/UPDATES/updates.20141222.1615.bz2"
    assert only([root]).collector == "route-views2"


def test_a_route_views_collectors_own_folder(make: Make) -> None:
    root = make("route-views3/bgpdata/2014.12/UPDATES/updates.20141222.1615.bz2")
    assert only([root / "route-views3"]).collector == "route-views3"


@pytest.mark.parametrize(
    ("path", "name", "collector", "cadence"),
    [
        ("rrc00/2014.12/updates.20141222.1615.gz", "rrc00/2014.12/updates.20141222.1615.gz", "rrc00", 300),
        ("a/rrc00/bview.20020722.2337.gz", "rrc00/bview.20020722.2337.gz", "rrc00", 900),
        (
            "route-views4/bgpdata/2014.12/UPDATES/updates.20141222.1615.bz2",
            "route-views4/bgpdata/2014.12/UPDATES/updates.20141222.1615.bz2",
            "route-views4",
            900,
        ),
        (
            "bgpdata/2014.12/UPDATES/updates.20141222.1615.bz2",
            "bgpdata/2014.12/UPDATES/updates.20141222.1615.bz2",
            "route-views2",
            900,
        ),
        ("updates.20071015.1505.gz", "updates.20071015.1505.gz", "local", 300),
        ("updates.20071015.1500.bz2", "updates.20071015.1500.bz2", "local", 900),
        ("updates.20071015.1505.bz2", "updates.20071015.1505.bz2", "local", None),
        ("updates.20020722.2238.gz", "updates.20020722.2238.gz", "local", None),
        ("rrc06.updates.20150401.0000.gz", "rrc06.updates.20150401.0000.gz", "rrc06", 300),
        ("route-views.wide.rib.20150401.0000.gz", "route-views.wide.rib.20150401.0000.gz", "route-views.wide", 900),
        ("my own.mrt", "my own.mrt", "local", None),
        ("updates.20141399.0000.gz", "updates.20141399.0000.gz", "local", None),
    ],
)  # fmt: skip
def test_single_files(make: Make, path: str, name: str, collector: str, cadence: int | None) -> None:
    file = only([make(path) / path])
    assert (file.name, file.collector, file.cadence_s) == (name, collector, cadence)


def test_kind_by_name(make: Make) -> None:
    names = {"bview.20141222.1600.gz": "table", "rib.20141222.1600.bz2": "table", "my.mrt": "unknown"}
    for name, kind in names.items():
        assert only([make(name) / name]).kind == kind


def test_other_files_in_a_folder_are_passed_over(make: Make) -> None:
    root = make(
        "README", "rrc00/updates.20141222.1615.gz", "rrc00/updates.20141222.1620.gz.part", "nightside.json",
        "checks/a.ndjson",
    )  # fmt: skip
    (root / "nightside.json").write_text("{}")
    found = find_inputs([root])
    assert len(found.files) == 1
    assert found.passed_over == ["README", "rrc00/updates.20141222.1620.gz.part"]
    assert [path.name for path in found.checks] == ["a.ndjson"]


def test_a_file_reached_twice_counts_once(make: Make, tmp_path: Path) -> None:
    name = "rrc00/2014.12/updates.20141222.1615.gz"
    root = make(name)
    (tmp_path / "link").symlink_to(root)
    found = find_inputs([root, root / "rrc00", root / name, tmp_path / "link", root / "rrc00" / ".." / name])
    assert told(found) == [(name, "rrc00", "updates")]


def test_links_in_a_circle_end(make: Make) -> None:
    root = make("rrc00/updates.20141222.1615.gz")
    (root / "rrc00" / "up").symlink_to(root)
    assert len(find_inputs([root]).files) == 1


def test_order_does_not_depend_on_the_call(make: Make) -> None:
    names = (
        "rrc01/bview.20141222.1600.gz",
        "rrc01/updates.20141222.1600.gz",
        "rrc01/updates.20141222.1555.gz",
        "rrc00/updates.20141222.1605.gz",
    )
    root = make(*names)
    forth = told(find_inputs([root / name for name in names]))
    back = told(find_inputs([root / name for name in reversed(names)]))
    assert forth == back
    assert [name for name, _, _ in forth] == [names[3], names[2], names[0], names[1]]


def test_gaps_are_contiguous_stretches_between_first_and_last(make: Make) -> None:
    minutes = ("1600", "1605", "1620", "1625", "1640")
    root = make(*(f"rrc00/updates.20141222.{minute}.gz" for minute in minutes))
    make("rrc00/bview.20141222.1610.gz", "rrc01/updates.20141222.1615.gz")
    found = find_inputs([root])
    assert found.gaps("rrc00") == [
        (at("2014-12-22 16:10"), at("2014-12-22 16:20")),
        (at("2014-12-22 16:30"), at("2014-12-22 16:40")),
    ]
    assert found.gaps("rrc01") == []
    assert found.gaps("rrc99") == []


def test_a_slot_is_filled_by_any_file_in_it(make: Make) -> None:
    root = make(*(f"rrc00/updates.20020722.{minute}.gz" for minute in ("2208", "2223", "2238", "2253")))
    assert find_inputs([root]).gaps("rrc00") == []
    make("rrc00/updates.20020722.2340.gz")
    assert find_inputs([root]).gaps("rrc00") == [(at("2002-07-22 23:00"), at("2002-07-22 23:30"))]


def test_gap_over_the_change_of_cadence(make: Make) -> None:
    root = make("rrc00/updates.20030722.2345.gz", "rrc00/updates.20030723.0005.gz")
    assert find_inputs([root]).gaps("rrc00") == [(at("2003-07-23 00:00"), at("2003-07-23 00:05"))]


def test_files_outside_of_any_cadence_make_no_gaps(make: Make) -> None:
    root = make("updates.20020722.2238.gz", "updates.20100722.2018.gz")
    assert (
        find_inputs([root / name for name in ("updates.20020722.2238.gz", "updates.20100722.2018.gz")]).gaps(
            "local"
        )
        == []
    )


NOTE = {"reconstruction": True, "note": "made from what is documented"}


@pytest.mark.parametrize("given", ["", "rrc00", "rrc00/2014.12", "rrc00/2014.12/updates.20141222.1615.gz"])
def test_the_word_of_the_folder_holds_however_it_is_given(make: Make, given: str) -> None:
    root = make("rrc00/2014.12/updates.20141222.1615.gz")
    (root / "nightside.json").write_text(json.dumps(NOTE))
    found = find_inputs([root / given])
    assert (found.reconstruction, found.note) == (True, "made from what is documented")


def test_the_word_of_a_folder_above_the_input_does_not_hold(make: Make) -> None:
    root = make("archive/rrc00/updates.20141222.1615.gz", "other/some.mrt")
    (root / "nightside.json").write_text(json.dumps(NOTE))
    assert not find_inputs([root / "archive"]).reconstruction
    assert not find_inputs([root / "other/some.mrt"]).reconstruction
    assert find_inputs([root]).reconstruction


def test_no_word(make: Make) -> None:
    found = find_inputs([make("rrc00/updates.20141222.1615.gz")])
    assert (found.reconstruction, found.note) == (False, None)


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ('{"reconstruction": tru}', "nightside.json: byte 19", "not JSON"),
        ("[]", "nightside.json", "not a JSON object"),
        ('{"reconstruction": "yes"}', "nightside.json", "neither true nor false"),
        ('{"reconstruction": true, "note": 7}', "nightside.json", "note is no text"),
        ('{"note": "\udce9"}', "nightside.json: byte 10", "not UTF-8"),
    ],
)
def test_a_word_that_cannot_be_understood(make: Make, text: str, where: str, what: str) -> None:
    root = make("rrc00/updates.20141222.1615.gz")
    (root / "nightside.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InputError, match=what) as caught:
        find_inputs([root])
    assert caught.value.where == str(root / where)


def test_nothing_there(make: Make) -> None:
    root = make("README")
    with pytest.raises(UnreadableError, match="No such file"):
        find_inputs([root / "nothing"])
    with pytest.raises(InputError, match="no MRT files in this folder") as caught:
        find_inputs([root])
    assert caught.value.where == str(root)
    assert caught.value.exit_code == 3


def test_a_file_of_ripestat_tells_from_when_to_when(tmp_path: Path) -> None:
    folder = tmp_path / "KP" / "rrc11"
    folder.mkdir(parents=True)
    name = stretch_name(1419206405, 1419292800)
    assert name == "bgplay.20141222.000005-20141223.000000"
    (folder / name).write_bytes(b"x")
    (folder / "bgplay.20141223.000000-20141222.000000").write_bytes(b"x")
    (folder / "bgplay.20141399.000000-20141222.000000").write_bytes(b"x")
    found = find_inputs([tmp_path / "KP"])
    (file,) = found.files
    assert (file.collector, file.kind, file.nominal, file.cadence_s) == (
        "rrc11",
        "updates",
        1419206405,
        86395,
    )
    assert len(found.passed_over) == 2
    assert found.gaps("rrc11") == []
    (alone,) = find_inputs([folder / name]).files
    assert (alone.collector, alone.cadence_s) == ("rrc11", 86395)
