"""What is the Internet's; and web addresses, as files and servers write them."""

from __future__ import annotations

import pytest

from nightside.checks.addresses import why_private
from nightside.checks.web_address import NotWebError, web_address


@pytest.mark.parametrize(
    "address",
    [
        *(
            "175.45.176.71",
            "8.8.8.8",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "223.255.255.1",
        ),
        *("2001:4860:4860::8888", "2a00::1", "2620:fe::fe"),
        *("2002:af2d:b047::1", "64:ff9b::175.45.176.71"),
    ],
)
def test_of_the_internet(address: str) -> None:
    assert why_private(address) is None


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("::1", "loopback"),
        ("0.0.0.0", "this network"),
        ("::", "this network"),
        ("10.255.0.1", "private"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.168.0.1", "private"),
        ("fd00::1", "private"),
        ("fec0::1", "private"),
        ("100.64.0.1", "shared behind a carrier's NAT"),
        ("169.254.169.254", "link-local"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("192.0.2.1", "documentation"),
        ("198.51.100.1", "documentation"),
        ("203.0.113.1", "documentation"),
        ("2001:db8::1", "documentation"),
        ("3fff::1", "documentation"),
        ("198.19.0.1", "benchmarking"),
        ("255.255.255.255", "reserved"),
        ("240.0.0.1", "reserved"),
        ("100::1", "reserved"),
        ("4000::1", "reserved"),
        ("2001::1", "for protocols' own use"),
        # An IPv4 address within an IPv6 address: mapped, 6to4, NAT64 (10.0.0.1, 127.0.0.1, 192.168.0.1).
        ("::ffff:10.0.0.1", "IPv4 written as IPv6"),
        ("::ffff:8.8.8.8", "IPv4 written as IPv6"),
        ("::7f00:1", "reserved"),
        ("2002:a00:1::1", "private"),
        ("2002:7f00:1::", "loopback"),
        ("64:ff9b::192.168.0.1", "private"),
        ("64:ff9b:1::808:808", "private translation"),
        ("localhost", "not an address"),
        ("127.1", "not an address"),
        ("", "not an address"),
    ],
)
def test_private(address: str, why: str) -> None:
    assert why_private(address) == why


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("http://www.kcna.kp", "http://www.kcna.kp/"),
        ("HTTP://WWW.KCNA.KP:80/a?b=c#d", "http://www.kcna.kp/a?b=c"),
        ("https://www.kcna.kp:443/", "https://www.kcna.kp/"),
        ("https://www.kcna.kp:8443/", "https://www.kcna.kp:8443/"),
        ("http://[2001:db8::1]:8080/", "http://[2001:db8::1]:8080/"),
        ("http://user:secret@www.kcna.kp/", "http://www.kcna.kp/"),
        ("http://www.kcna.kp./", "http://www.kcna.kp/"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://www.kcna.kp/조선 a%20b", "http://www.kcna.kp/%EC%A1%B0%EC%84%A0%20a%20b"),
        ("http://www.kcna.kp?q", "http://www.kcna.kp/?q"),
    ],
)
def test_web_addresses(text: str, written: str) -> None:
    assert str(web_address(text)) == written


@pytest.mark.parametrize(
    "text",
    [
        *("", "www.kcna.kp", "ftp://www.kcna.kp/", "javascript:alert(1)", "http://", "http:///path"),
        *(
            "http://www.kcna.kp:port/",
            "http://www.kcna.kp:99999/",
            "http://a:0/",
            "http://[::1/",
            "http://a b/",
            "http://a..b/",
        ),
        *("http://[fe80::1%25eth0]/", "http://" + "a." * 200 + "kp/", "http://a/" + "b" * 3000),
    ],
)
def test_what_is_no_web_address(text: str) -> None:
    with pytest.raises(NotWebError):
        web_address(text)


@pytest.mark.parametrize(
    ("location", "written"),
    [
        ("/b", "http://www.kcna.kp:8080/b"),
        ("b?c", "http://www.kcna.kp:8080/a/b?c"),
        ("//other.kp/b", "http://other.kp/b"),
        ("https://other.kp", "https://other.kp/"),
        ("?c", "http://www.kcna.kp:8080/a/?c"),
    ],
)
def test_redirected(location: str, written: str) -> None:
    assert str(web_address("http://www.kcna.kp:8080/a/").redirected(location)) == written


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://x/", "data:text/html,x", "http://[", "http://:80"]
)
def test_redirected_to_nonsense(location: str) -> None:
    with pytest.raises(NotWebError):
        web_address("http://www.kcna.kp/").redirected(location)
