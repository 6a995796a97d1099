"""A country whose networks are routed and whose servers are checked for real, in network namespaces.

    servers -- home (BIRD) ---- transit (BIRD) ---- three observers (GoBGP), which send BMP to the test
                                   |  |  |
              three places with a resolver each, three canaries, and the office that the places hand in to

Packets follow what BIRD learns by BGP and writes into the kernels. The country has AS131279's four networks; names,
mail and sites are NSD, OpenSMTPD and nginx at addresses of these, the second name server and one site behind a relay.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import network_namespaces
from certificate_authority import Authority, Credentials
from network_namespaces import Net, net
from nginx_server import PAGE, have_nginx
from nsd_server import have_nsd, nsd
from opensmtpd_server import opensmtpd, why_no_opensmtpd

HOME, TRANSIT = 131279, 4837
NETWORKS = [f"175.45.{n}.0/24" for n in (176, 177, 178, 179)]
OBSERVERS = {"one": 3356, "two": 1299, "three": 174}
PLACES = ("berlin", "lima", "tokyo")
NO_MX_KEPT = "berlin"
"""The resolver there keeps addresses alone, as many do at home."""
CANARIES = {"c.root": "192.33.4.12", "i.root": "192.36.148.17", "k.root": "193.0.14.129"}
NS1, NS2, NS2_BEHIND = "175.45.176.15", "175.45.176.16", "175.45.176.17"
KCNA, RODONG, RODONG_BEHIND = "175.45.177.10", "175.45.177.11", "175.45.177.12"
MFA, MAIL = "175.45.179.30", "175.45.178.20"
OFFICE = "10.90.9.2"
SERVERS = ("ns1", "ns2", "mail", "kcna", "rodong", "mfa")
ZONE = f"""
$ORIGIN kp.
$TTL 3600
@ SOA ns1.co.kp. hostmaster.co.kp. 2026112201 7200 3600 1209600 3600
@ NS ns1.co.kp.
@ NS ns2.co.kp.
ns1.co A {NS1}
ns2.co A {NS2}
kcna A {KCNA}
rodong.rep A {RODONG}
mfa.gov A {MFA}
star-co.net MX 10 mail.star-co.net.kp.
mail.star-co.net A {MAIL}
"""
ROOT = """
$ORIGIN .
$TTL 86400
@ SOA a.root-servers.net. nstld.verisign-grs.com. 2026112200 1800 900 604800 86400
@ NS c.root-servers.net.
c.root-servers.net. A 192.33.4.12
"""
TARGETS = f"""
country = "KP"
[[target]]
name = "kp"
kind = "dns"
group = "name service"
zone = "kp"
servers = ["{NS1}", "{NS2}"]
[[target]]
name = "KCNA"
kind = "http"
group = "state media"
url = "http://kcna.kp/"
expect_text = "조선중앙통신"
[[target]]
name = "Rodong Sinmun"
kind = "http"
group = "state media"
url = "http://rodong.rep.kp/"
[[target]]
name = "Foreign ministry"
kind = "http"
group = "ministry"
url = "https://mfa.gov.kp/"
expect_status = 200
[[target]]
name = "mail"
kind = "smtp"
group = "mail"
domain = "star-co.net.kp"
[[target]]
name = "name server"
kind = "icmp"
group = "path"
host = "{NS1}"
[[target]]
name = "ministry's host"
kind = "icmp"
group = "path"
host = "{MFA}"
[[target]]
name = "way to the ministry"
kind = "trace"
group = "path"
host = "{MFA}"
"""


def missing() -> str | None:
    """Why this machine cannot; None where it can."""
    lacking = [name for name in ("bird", "dnsmasq") if shutil.which(name, path="/usr/sbin:/usr/bin") is None]
    if have_nginx() is None:
        lacking.append("nginx")
    if have_nsd() is None:
        lacking.append("nsd")
    if lacking:
        return f"{', '.join(lacking)} not installed"
    return why_no_opensmtpd() or network_namespaces.missing()


def canary_file() -> str:
    return "".join(
        f'[[target]]\nname = "{name}"\nkind = "dns"\ngroup = "canary"\nzone = "."\nservers = ["{address}"]\n'
        for name, address in CANARIES.items()
    )


class CheckedCountry:
    """All of it but those who check. Servers are stopped and started by name."""

    def __init__(self, net: Net, folder: Path, stack: ExitStack) -> None:
        self.net, self.folder, self._stack = net, folder, stack
        self._running: dict[str, ExitStack] = {}
        self.authority = Authority(self._under("authority"))
        self._mail = self.authority.issue(["mail.star-co.net.kp"])
        self._mfa = self.authority.issue(["mfa.gov.kp"])
        self._resolv = folder / "resolv.conf"
        self._resolv.write_text("nameserver 127.0.0.1\n")
        self.relay: subprocess.Popen[str] | None = None

    def _under(self, name: str) -> Path:
        found = self.folder / name
        found.mkdir(parents=True)
        return found

    # -- the network --------------------------------------------------------------------------------

    def build(self, bmp: Sequence[int]) -> None:
        """Everything runs in the end; observers send BMP to these ports of the test."""
        net = self.net
        net.router("home", HOME)
        net.router("transit", TRANSIT)
        for name, asn in OBSERVERS.items():
            net.router(name, asn)
        for name in ("servers", "office", *PLACES, *CANARIES):
            net.router(name, 0)
        net.link("transit", "home")
        for name in OBSERVERS:
            net.link("transit", name)
        self._wire("home", "servers", "10.90.0")
        self._wire("transit", "office", OFFICE.rpartition(".")[0])
        for number, name in enumerate(PLACES, 1):
            self._wire("transit", name, f"10.90.{number}")
        for number, (name, address) in enumerate(CANARIES.items(), 4):
            self._wire("transit", name, f"10.90.{number}")
            self.ip(name, "addr", "add", f"{address}/32", "dev", "lo")
            self.ip("transit", "route", "add", f"{address}/32", "via", f"10.90.{number}.2")
        for address in (NS1, NS2, NS2_BEHIND, KCNA, RODONG, RODONG_BEHIND, MFA, MAIL):
            self.ip("servers", "addr", "add", f"{address}/32", "dev", "lo")
        for name in ("home", "transit", "servers"):
            for word in ("ip_forward=1", "icmp_ratelimit=0"):
                self._done(*self.inside(name), "sysctl", "-qw", f"net.ipv4.{word}")
        outside = {name: net.outside(name) for name in OBSERVERS}
        self._bird("transit")
        self._bird("home")
        for name, address in outside.items():
            net.run(name, bmp=[(address, port) for port in bmp])
        for number, name in enumerate(CANARIES):
            self._stack.enter_context(
                nsd(self._under(f"canary-{number}"), ROOT, 53, [CANARIES[name]], self.inside(name), ".")
            )
        for name in PLACES:
            self.start_resolver(name)
        self._start_relay()
        self.start(*SERVERS)

    def inside(self, name: str) -> tuple[str, ...]:
        """What runs a command in this namespace, with a resolver of its own, or none."""
        script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        return (
            *("ip", "netns", "exec", self.net.routers[name].namespace),
            *("sh", "-c", script, str(self._resolv)),
        )

    def ip(self, name: str, *words: str) -> None:
        self._done("ip", "-n", self.net.routers[name].namespace, *words)

    def _done(self, *words: str) -> None:
        done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
        if done.returncode:
            raise RuntimeError(f"{words}: {done.stderr}")

    def _wire(self, near: str, far: str, net: str) -> None:
        """A link without a session: `net`.1 is near, `net`.2 far, who sends all there that is not its own."""
        one, two = (self.net.routers[name].namespace for name in (near, far))
        end = self._end(far)
        self.ip(near, "link", "add", end, "type", "veth", "peer", "name", "up0", "netns", two)
        assert one != two
        for name, device, host in ((near, end, 1), (far, "up0", 2)):
            self.ip(name, "addr", "add", f"{net}.{host}/24", "dev", device)
            self.ip(name, "link", "set", device, "up")
        self.ip(far, "route", "add", "default", "via", f"{net}.1")

    @staticmethod
    def _end(far: str) -> str:
        return f"to{far.replace('.', '')}"

    def cut_off(self, place: str) -> None:
        """The place's own line, at the transit's end."""
        self.ip("transit", "link", "set", self._end(place), "down")

    def join(self, place: str) -> None:
        self.ip("transit", "link", "set", self._end(place), "up")

    def swallow(self, name: str) -> None:
        """This router's kernel drops what goes to the country, whatever the routes say."""
        for network in NETWORKS:
            self.ip(name, "route", "add", "blackhole", network, "metric", "1")

    def swallow_no_more(self, name: str) -> None:
        for network in NETWORKS:
            self.ip(name, "route", "del", "blackhole", network, "metric", "1")

    # -- BIRD ---------------------------------------------------------------------------------------

    def _bird(self, name: str) -> None:
        router = self.net.routers[name]
        log = self.folder / f"{name}.bird"
        sessions = "".join(
            f"""
protocol bgp b{number} {{
  local {own} as {router.asn};
  neighbor {other} as {asn};
  direct;
  hold time 3; keepalive time 1;
  connect delay time 1; connect retry time 1; error wait time 1, 1;
  ipv4 {{ import all; next hop self; {_exported(name, asn)} }};
}}"""
            for number, (own, other, asn) in enumerate(router.links)
        )
        own = "".join(f"  route {network} via 10.90.0.2;\n" for network in NETWORKS)
        static = own if name == "home" else "  route 0.0.0.0/0 blackhole;\n"
        kernel = "all" if name == "home" else "where source = RTS_BGP"
        (self.folder / f"{name}.conf").write_text(
            f"""
log "{log}" all;
router id {router.links[0][0]};
protocol device {{ scan time 1; }}
protocol static {{
  ipv4;
{static}}}
protocol kernel {{ scan time 2; ipv4 {{ import none; export {kernel}; }}; }}
{sessions}
"""
        )
        control = self.folder / f"{name}.ctl"
        self._stack.enter_context(
            self._process(name, ["bird", "-f", "-c", str(self.folder / f"{name}.conf"), "-s", str(control)])
        )

    # -- servers ------------------------------------------------------------------------------------

    @contextmanager
    def _process(self, where: str, words: Sequence[str], name: str | None = None) -> Iterator[None]:
        with (self.folder / f"{name or where}.said").open("ab") as said:
            process = subprocess.Popen(
                [*self.inside(where), *words], stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)

    def start(self, *names: str) -> None:
        """Servers of the country; those that run go on."""
        for name in names:
            if name not in self._running:
                self._begin(name, self._server(name))

    def start_resolver(self, place: str) -> None:
        """Asks the country's name servers by itself, and keeps what they say for as long as they say."""
        servers = (f"--server=/kp/{NS1}", f"--server=/kp/{NS2}")
        words = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-hosts", "--no-resolv"]
        if place != NO_MX_KEPT:
            words.append("--cache-rr=MX")
        words += ["--pid-file=", "--user=root", "--listen-address=127.0.0.1", "--bind-interfaces", *servers]
        self._begin(f"resolver of {place}", self._process(place, words))

    def _begin(self, name: str, process: AbstractContextManager[object]) -> None:
        stack = ExitStack()
        stack.enter_context(process)
        self._running[name] = stack

    def stop(self, *names: str) -> None:
        """Servers, or `resolver of PLACE`."""
        for name in names:
            self._running.pop(name).close()

    def stop_all(self) -> None:
        self.stop(*self._running)

    def _server(self, name: str) -> AbstractContextManager[object]:
        folder, inside = self.folder / name, self.inside("servers")
        folder.mkdir(exist_ok=True)
        match name:
            case "ns1" | "ns2":
                return nsd(folder, ZONE, 53, [NS1 if name == "ns1" else NS2_BEHIND], inside)
            case "mail":
                return opensmtpd(folder, self._mail, MAIL, 25, inside)
            case "kcna":
                return self._site(folder, KCNA)
            case "rodong":
                return self._site(folder, RODONG_BEHIND)
        return self._site(folder, MFA, self._mfa)

    def _site(
        self, folder: Path, address: str, tls: Credentials | None = None
    ) -> AbstractContextManager[None]:
        program = have_nginx()
        assert program is not None
        (folder / "index.html").write_text(PAGE, encoding="utf-8")
        listen = f"listen {address}:80;"
        if tls is not None:
            listen = (
                f"listen {address}:443 ssl; ssl_certificate {tls.certificate}; ssl_certificate_key {tls.key};"
            )
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = " ".join(f"{kind}_temp_path {folder};" for kind in kinds)
        (folder / "nginx.conf").write_text(
            f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors; events {{}}\n"
            f"http {{ access_log off; {temporary} default_type 'text/html; charset=utf-8';\n"
            f"server {{ {listen} root {folder}; }} }}\n"
        )
        words = [program, "-p", str(folder), "-e", str(folder / "errors"), "-c", str(folder / "nginx.conf")]
        return self._process("servers", words, folder.name)

    # -- the relay ----------------------------------------------------------------------------------

    def _start_relay(self) -> None:
        words = [f"{RODONG}:80", f"{RODONG_BEHIND}:80", f"{NS2}:53", f"{NS2_BEHIND}:53"]
        relay = self.relay = subprocess.Popen(
            [*self.inside("servers"), sys.executable, str(Path(__file__).with_name("relay_at.py")), *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._stack.callback(self._end_relay)
        assert relay.stdout is not None
        assert relay.stdout.readline() == "ready\n"

    def _end_relay(self) -> None:
        assert self.relay is not None
        with self.relay:
            self.relay.kill()

    def slow_link(self, delay_s: float, drop: float) -> None:
        """The line to the second name server and to Rodong Sinmun's site from now on."""
        assert self.relay is not None
        assert self.relay.stdin is not None
        assert self.relay.stdout is not None
        self.relay.stdin.write(f"{delay_s} {drop}\n")
        self.relay.stdin.flush()
        assert self.relay.stdout.readline() == "now\n"


def _exported(name: str, asn: int) -> str:
    """What this router tells that neighbour."""
    if name == "home":
        return "export where source = RTS_STATIC;"
    return f"export where source = {'RTS_STATIC' if asn == HOME else 'RTS_BGP'};"


@contextmanager
def checked_country(folder: Path, bmp: Sequence[int]) -> Iterator[CheckedCountry]:
    """Runs within the block; nothing of it is left behind."""
    with net(folder) as network, ExitStack() as stack:
        country = CheckedCountry(network, folder, stack)
        stack.callback(country.stop_all)
        country.build(bmp)
        yield country


def until(what: Callable[[], bool], within_s: float, why: Callable[[], object]) -> None:
    """Wait until this holds."""
    begun = time.monotonic()
    while not what():
        assert time.monotonic() < begun + within_s, why()
        time.sleep(0.25)
