"""Target files: what is shipped, what is read, and what is refused, with file, row and advice."""

from __future__ import annotations

from pathlib import Path

import pytest

from nightside.checks.targets import FILE_BYTES, canaries, read_targets, targets_of
from nightside.model.errors import InputError, UsageError

INVALID = sorted((Path(__file__).parent / "invalid_targets").glob("*.toml"))
SHIPPED = Path(__file__).resolve().parents[3] / "src" / "nightside" / "checks" / "data"
ROW = '[[target]]\nname = "a"\nkind = "icmp"\ngroup = "g"\nhost = "a.kp"\n'


def test_there_are_invalid_files() -> None:
    assert len(INVALID) > 50


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_what_is_not_understood_is_refused(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    why = first.removeprefix("# refused: ")
    assert why != first
    with pytest.raises(InputError, match=why) as refused:
        read_targets(path)
    assert refused.value.exit_code == 3
    assert refused.value.where.startswith(str(path))
    assert refused.value.advice
    assert "\x1b" not in str(refused.value)
    assert "[[target]]" not in path.read_text() or "secret" not in str(refused.value)


def test_a_file_that_is_too_long_is_refused_before_it_is_read(tmp_path: Path) -> None:
    long = tmp_path / "long.toml"
    long.write_bytes(b"#" * (FILE_BYTES + 1))
    with pytest.raises(InputError, match="longer than 1 MiB"):
        read_targets(long)


def test_more_targets_than_anybody_needs(tmp_path: Path) -> None:
    many = tmp_path / "many.toml"
    row = '[[target]]\nname="%d"\nkind="icmp"\ngroup="g"\nhost="a.kp"\n'
    many.write_text('country = "KP"\n' + "".join(row % n for n in range(5001)))
    with pytest.raises(InputError, match="5001 targets; 5000 is the most"):
        read_targets(many)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b'country = "\xff\xfe"')
    with pytest.raises(InputError, match="not TOML"):
        read_targets(binary)


@pytest.mark.parametrize("name", ["nothing.toml", "."])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        targets_of(str(tmp_path / name))


def test_north_korea_as_its_incidents_name_it() -> None:
    """The sites and name servers of section 1 of the facts that the project rests on."""
    found = targets_of("kp")
    assert (found.country, found.allow_private) == ("KP", False)
    sites = {target.where for target in found.targets if target.kind == "http"}
    hosts = ("kcna.kp", "naenara.com.kp", "mfa.gov.kp", "airkoryo.com.kp", "rodong.rep.kp", "vok.rep.kp")
    assert sites == {f"http://{host}/" for host in hosts}
    servers = {server for target in found.targets for server in target.servers}
    assert servers == {f"175.45.176.{n}" for n in (8, 9, 15, 16)}
    assert {target.kind for target in found.targets} >= {"http", "dns", "smtp", "icmp", "trace"}
    assert all(target.source and target.country == "KP" for target in found.targets)


def test_canaries_are_several_networks_of_no_country() -> None:
    found = canaries()
    assert found.country == ""
    assert all(target.country == "" and target.source for target in found.targets)
    addresses = [*(target.servers[0] if target.servers else target.where for target in found.targets)]
    assert len(found.targets) >= 6
    assert len({tuple(address.split(".")[:2]) for address in addresses}) == len(addresses)


def test_the_template_is_a_target_file_but_no_country() -> None:
    found = read_targets(SHIPPED / "template.toml")
    assert {target.kind for target in found.targets} == {"http", "dns", "smtp", "icmp", "tcp", "tls", "trace"}
    assert targets_of(str(SHIPPED / "template.toml")) == found


def test_a_country_without_targets_says_how_to_write_them(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no targets are known for YE") as refused:
        targets_of("ye", [tmp_path])
    assert str(tmp_path / "YE.toml") in refused.value.advice
    assert "template.toml" in refused.value.advice


def test_ones_own_file_wins_over_the_shipped(tmp_path: Path) -> None:
    (tmp_path / "KP.toml").write_text(f'country = "KP"\nallow_private = true\n{ROW}')
    (tmp_path / "canaries.toml").write_text(ROW)
    found = targets_of("KP", [tmp_path])
    assert [target.where for target in found.targets] == ["a.kp"]
    assert found.allow_private
    assert [target.country for target in canaries([tmp_path]).targets] == [""]


def test_ones_own_file_must_be_of_that_country(tmp_path: Path) -> None:
    (tmp_path / "YE.toml").write_text(f'country = "KP"\n{ROW}')
    with pytest.raises(InputError, match="it is of KP, not of YE"):
        targets_of("YE", [tmp_path])
    (tmp_path / "canaries.toml").write_text(f'country = "KP"\n{ROW}')
    with pytest.raises(InputError, match="canaries are of no country"):
        canaries([tmp_path])


def test_what_a_row_says_is_what_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(
        'country = "KP"\n'
        '[[target]]\nname = "t"\nkind = "tls"\ngroup = "g"\nhost = "WWW.Example.KP."\nfamilies = [6, 4]\n'
        '[[target]]\nname = "t"\nkind = "dns"\ngroup = "g"\nzone = "."\nservers = ["NS.a.kp.", "2001:db8::1"]\n'
        '[[target]]\nname = "t"\nkind = "http"\ngroup = "g"\nurl = "http://[2001:db8::1]:8080/a?b=c"\n'
        'expect_status = 404\nexpect_text = "a\\n<b>"\nsource = "me"\n'
    )
    tls, dns, http = read_targets(path).targets
    assert (tls.where, tls.port, tls.families) == ("www.example.kp", 443, (4, 6))
    assert (dns.where, dns.servers, dns.families) == (".", ("ns.a.kp", "2001:db8::1"), (4,))
    assert (http.where, http.port, http.expect_status) == ("http://[2001:db8::1]:8080/a?b=c", None, 404)
    assert (http.expect_text, http.source) == ("a\n<b>", "me")
