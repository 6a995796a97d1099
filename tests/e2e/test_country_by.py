"""Whose a network is, by registry, by origin AS, or both: what counts, what is seen to go, and that results say so."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from small_archive import KP, PEERS, T0, Archive

import nightside
from nightside.model.errors import UsageError
from nightside.model.settings import COUNTRY_BY, Settings
from nightside.scenes.mrt_writer import State
from nightside.world.blocks import country_blocks
from nightside.world.snapshot import load

Json = dict[str, Any]
SYRIAN, INDIAN, AMERICAN, NOBODYS = 29386, 4755, 3356, 64512
"""Syrian Telecom, Tata (which carried Syrian networks abroad in 2012), Level 3, and a private AS number."""
HOME = tuple(
    str(net)
    for net in next(b for b in country_blocks(load(), "SY") if b.prefixlen <= 21).subnets(new_prefix=24)
)[:5]
"""Networks that are registered in Syria: of the first three the origin is Syrian too."""
ABROAD, AMBIGUOUS = HOME[3], HOME[4]
LEASED = "8.8.8.0/24"
"""Registered in the United States, and announced by Syria's AS here."""
GONE, BACK = T0 + 1_800, T0 + 5_400


def by(basis: str) -> Settings:
    return Settings(country_by=basis)  # type: ignore[arg-type]


def routes(origins: dict[str, int]) -> dict[str, dict[str, tuple[int, ...]]]:
    return {
        prefix: {address: (asn, 1299, origin) for address, asn in PEERS.items()}
        for prefix, origin in origins.items()
    }


USUAL = {**dict.fromkeys(HOME[:3], SYRIAN), ABROAD: INDIAN, LEASED: SYRIAN}


def with_outage(folder: Path, *prefixes: str) -> Path:
    """All peers lose these networks for an hour."""
    archive = Archive(folder)
    archive.table(T0, routes(USUAL))
    for i, (address, asn) in enumerate(PEERS.items()):
        archive.withdraw(GONE + i, address, *prefixes)
        for prefix in prefixes:
            archive.announce(BACK + i, address, prefix, path=(asn, 1299, USUAL[prefix]))
    archive.finish(BACK + 1_800)
    return folder


def found(folder: Path, basis: str) -> dict[str, tuple[str, int, int]]:
    """Per country: severity, baseline units, lowest."""
    told = nightside.replay([folder], settings=by(basis)).incidents
    assert all(i["settings"]["country_by"] == basis for i in told)
    return {
        i["entity"]["code"]: (i["severity"], i["share"]["baseline_units"], i["share"]["lowest_units"])
        for i in told
    }


def networks(folder: Path, country: str, basis: str) -> dict[str, list[int]]:
    told = nightside.networks(country, [folder], settings=by(basis))
    schema = json.loads((files("nightside.model") / "schemas" / "networks-1.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(told)
    assert told["country_by"] == basis
    return {n["prefix"]: n["origin_asns"] for n in told["networks"]}


def test_a_network_that_is_hosted_abroad_counts_by_each_basis(tmp_path: Path) -> None:
    Archive(tmp_path).table(T0, routes(USUAL))
    home = set(HOME[:3])
    assert set(networks(tmp_path, "SY", "registry")) == home | {ABROAD}
    assert set(networks(tmp_path, "SY", "origin")) == home | {LEASED}
    assert set(networks(tmp_path, "SY", "both")) == home
    assert [set(networks(tmp_path, "IN", basis)) for basis in COUNTRY_BY] == [set(), {ABROAD}, set()]
    assert [set(networks(tmp_path, "US", basis)) for basis in COUNTRY_BY] == [{LEASED}, set(), set()]
    # What the registries hold for a country does not depend on who announces it.
    held = [
        nightside.networks("SY", [tmp_path], settings=by(basis))["registered_units"] for basis in COUNTRY_BY
    ]
    assert len(set(held)) == 1


def test_the_loss_of_what_is_hosted_abroad_is_another_country_s_by_origin(tmp_path: Path) -> None:
    folder = with_outage(tmp_path, ABROAD)
    assert found(folder, "registry") == {"SY": ("partial", 4, 3)}
    assert found(folder, "origin") == {"IN": ("total", 1, 0)}
    assert found(folder, "both") == {}


def test_who_stays_up_abroad_hides_a_whole_country_s_fall_but_not_by_both(tmp_path: Path) -> None:
    folder = with_outage(tmp_path, *HOME[:3])
    assert found(folder, "registry") == {"SY": ("severe", 4, 1)}
    assert found(folder, "origin") == {"SY": ("severe", 4, 1)}
    assert found(folder, "both") == {"SY": ("total", 3, 0)}


def test_upstreams_are_those_abroad_from_the_origin_s_country(tmp_path: Path) -> None:
    """By the registry 8.8.8.0/24 is American, and Syria's AS is the first abroad; by origin it is Arelion."""
    Archive(tmp_path).table(T0, routes({LEASED: SYRIAN, ABROAD: INDIAN}))

    def beyond(country: str, basis: str) -> list[int]:
        told = nightside.networks(country, [tmp_path], settings=by(basis))
        return [u["asn"] for u in told["upstreams"]]

    assert beyond("US", "registry") == [SYRIAN]
    assert beyond("SY", "origin") == [1299]
    assert beyond("SY", "registry") == [INDIAN]
    assert beyond("IN", "origin") == [1299]


def test_most_peer_ases_decide_and_a_tie_is_the_registry_s_or_nobody_s(tmp_path: Path) -> None:
    table = routes(USUAL)
    a, b, c, d, e = PEERS
    for prefix, origins in {
        HOME[0]: (SYRIAN, SYRIAN, INDIAN, INDIAN, INDIAN),
        HOME[1]: (SYRIAN, SYRIAN, INDIAN, INDIAN, None),
        HOME[2]: (AMERICAN, AMERICAN, INDIAN, INDIAN, None),
        ABROAD: (INDIAN, INDIAN, NOBODYS, NOBODYS, NOBODYS),
    }.items():
        table[prefix] = {
            peer: (PEERS[peer], 1299, origin)
            for peer, origin in zip((a, b, c, d, e), origins, strict=True)
            if origin is not None
        }
    Archive(tmp_path).table(T0, table)
    assert set(networks(tmp_path, "IN", "origin")) == {HOME[0]}
    assert set(networks(tmp_path, "SY", "origin")) == {HOME[1], LEASED}
    assert set(networks(tmp_path, "US", "origin")) == set()
    assert set(networks(tmp_path, "SY", "both")) == {HOME[1]}


def test_an_origin_without_a_country_is_nobody_s(tmp_path: Path) -> None:
    Archive(tmp_path).table(T0, routes({HOME[0]: NOBODYS, HOME[1]: SYRIAN}))
    assert set(networks(tmp_path, "SY", "registry")) == {HOME[0], HOME[1]}
    assert set(networks(tmp_path, "SY", "origin")) == set(networks(tmp_path, "SY", "both")) == {HOME[1]}


def test_the_most_specific_prefix_over_a_unit_decides_if_most_see_it(tmp_path: Path) -> None:
    wide = "175.45.176.0/22"
    table = routes({wide: 131279, KP[1]: INDIAN, KP[2]: INDIAN, LEASED: SYRIAN})
    for address in list(PEERS)[2:]:
        del table[KP[2]][address]
    Archive(tmp_path).table(T0, table)
    told = nightside.networks("KP", [tmp_path], settings=by("origin"))
    assert {n["prefix"]: n["units"] for n in told["networks"]} == {wide: 3}
    assert set(networks(tmp_path, "IN", "origin")) == {KP[1]}


@pytest.mark.parametrize("table", [True, False], ids=["table", "transfers"])
def test_who_comes_later_moves_nothing(tmp_path: Path, table: bool) -> None:
    """A hijack of a part, and of the whole; the country stays as it was at the start of the input."""
    wide = "175.45.176.0/22"
    archive = Archive(tmp_path)
    start = {wide: 131279, LEASED: SYRIAN, HOME[0]: SYRIAN}
    if table:
        archive.table(T0, routes(start))
    for i, (address, asn) in enumerate(PEERS.items()):
        if not table:
            archive.state(T0 + 5, address, State.OPEN_CONFIRM, State.ESTABLISHED)
            for prefix, origin in start.items():
                archive.announce(T0 + 10 + i, address, prefix, path=(asn, 1299, origin))
        archive.announce(T0 + 900 + i, address, KP[1], path=(asn, 1299, AMERICAN))
        archive.announce(T0 + 900 + i, address, HOME[0], path=(asn, 1299, AMERICAN))
    archive.finish(T0 + 1_500)
    assert networks(tmp_path, "KP", "origin") == {wide: [131279], KP[1]: [AMERICAN]}
    assert networks(tmp_path, "SY", "origin") == {LEASED: [SYRIAN], HOME[0]: [AMERICAN]}
    assert networks(tmp_path, "US", "origin") == {}


def test_what_was_in_no_table_is_its_first_origin_s(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.table(T0, routes({LEASED: SYRIAN}))
    for i, (address, asn) in enumerate(PEERS.items()):
        archive.announce(T0 + 600 + i, address, HOME[0], path=(asn, 1299, INDIAN))
        archive.announce(T0 + 900 + i, address, HOME[0], path=(asn, 1299, SYRIAN))
    archive.finish(T0 + 1_500)
    assert networks(tmp_path, "IN", "origin") == {HOME[0]: [SYRIAN]}
    assert set(networks(tmp_path, "SY", "origin")) == {LEASED}


def test_an_override_wins_over_the_origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, archive = tmp_path / "world", tmp_path / "archive"
    world.mkdir()
    common = {"from": None, "to": None, "reason": "a test", "source": "made up"}
    rows = [
        {"prefix": ABROAD, "country": "LB", **common},
        {"prefix": HOME[0], "country": None, **common},
        {"asn": INDIAN, "country": "SY", **common},
    ]
    (world / "overrides.json").write_text(json.dumps(rows))
    monkeypatch.setenv("NIGHTSIDE_WORLD", str(world))
    Archive(archive).table(T0, routes({**USUAL, AMBIGUOUS: INDIAN}))
    for basis in ("origin", "both"):
        assert set(networks(archive, "LB", basis)) == {ABROAD}
        # The AS's networks follow it, but where the reader spoke of the network.
        assert set(networks(archive, "SY", basis)) == {HOME[1], HOME[2], AMBIGUOUS} | (
            {LEASED} if basis == "origin" else set()
        )
        told = nightside.networks("LB", [archive], settings=by(basis))["snapshot"]
        assert " + overrides " in told
        assert " AS, 20" in told


def test_results_say_by_what_a_country_was_taken(tmp_path: Path, quick: Any) -> None:
    folder = with_outage(tmp_path / "archive", ABROAD)
    ran = quick("replay", folder, "--country", "IN", "--country-by", "origin")
    assert ran.code == 0
    assert "Countries are taken by origin AS." in ran.out + ran.err
    (incident,) = quick("incidents", "--json").incidents
    assert incident["settings"]["country_by"] == "origin"
    assert incident["provenance"]["snapshot"].startswith(f"{load().name} by origin AS, {load().date}")
    schema = json.loads((files("nightside.model") / "schemas" / "incident-1.json").read_text())
    validator = jsonschema.Draft202012Validator(schema["properties"]["settings"])
    validator.validate(incident["settings"])
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(incident["settings"] | {"country_by": "flag"})
    page = tmp_path / "page.html"
    shown = quick("show", incident["id"], "--html", page).out
    assert f"Countries of networks: {load().name} by origin AS, " in shown
    assert f"Countries of networks: {load().name} by origin AS, " in page.read_text()
    both = quick("networks", "SY", folder, "--country-by", "both", store=False).out
    assert f"Countries of networks: {load().name} by registry and origin AS, " in both
    assert f"{load().name}, {load().date}" in quick("networks", "SY", folder, store=False).out


def test_another_basis_in_one_store_is_a_revision(tmp_path: Path, quick: Any) -> None:
    folder = with_outage(tmp_path / "archive", *HOME[:3])
    (first,) = quick("replay", folder, "--country", "SY", "--json").incidents
    (second,) = quick("replay", folder, "--country", "SY", "--country-by", "both", "--json").incidents
    assert (first["id"], first["revision"]) == (second["id"], 1)
    assert second["revision"] == 2
    assert (first["severity"], second["severity"]) == ("severe", "total")


def test_the_demo_s_outage_is_the_same_by_every_basis(december: Path) -> None:
    """North Korea's four networks are announced by its own AS."""
    told = [
        nightside.replay(
            [december], countries=["KP"], begin="2014-12-22T12:00Z", settings=by(basis)
        ).incidents
        for basis in COUNTRY_BY
    ]
    assert told[0]
    for basis, incidents in zip(COUNTRY_BY, told, strict=True):
        for a, b in zip(told[0], incidents, strict=True):
            assert b["settings"]["country_by"] == basis
            assert {**a, "settings": 0, "provenance": 0} == {**b, "settings": 0, "provenance": 0}


@pytest.mark.parametrize(
    "words",
    [
        ("networks", "KP", "x"),
        ("replay", "x"),
        ("backfill", "rrc00", "--from", "2014-12-22", "--to", "2014-12-23"),
    ],
    ids=lambda words: words[0],
)
def test_a_wrong_word_is_wrong_usage(words: tuple[str, ...], quick: Any) -> None:
    ran = quick(*words, "--country-by", "geo", store=False)
    assert ran.code == 2
    assert ran.out == ""
    for basis in COUNTRY_BY:
        assert f"'{basis}'" in ran.err


def test_a_wrong_word_in_a_program_is_wrong_usage_too(december: Path) -> None:
    for call in (nightside.replay, lambda i, settings: nightside.networks("KP", i, settings=settings)):
        with pytest.raises(UsageError, match="registry, origin, both, not by 'geo'"):
            call([december], settings=by("geo"))
