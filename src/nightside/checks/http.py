"""http and https: one page is asked for, as anybody would; redirects are followed, and judged again.

One GET for each address, with an honest User-Agent; no cookies, nothing that signs in, nothing compressed, and no
second request on a connection.
"""

from __future__ import annotations

from nightside.checks.attempt import Attempt
from nightside.checks.certificates import verifying
from nightside.checks.connection import Connection, Deadline, handshake, reach
from nightside.checks.failure import CheckFailedError
from nightside.checks.http_exchange import Exchange
from nightside.checks.page_text import holds
from nightside.checks.probe import Probe
from nightside.checks.web_address import WEB_PORTS, NotWebError, WebAddress, web_address
from nightside.model.check import CheckResult, Family, Target

REDIRECTS = frozenset({301, 302, 303, 307, 308})
TOO_MANY = 429
SHOWN_CHARS = 100
SHOWN_URL_CHARS = 200


async def check_http(target: Target, family: Family, probe: Probe) -> list[CheckResult]:
    """One result for a page, whatever it took to get there."""
    attempt = Attempt(target, family, probe)
    try:
        page = await _page(attempt, Deadline(probe))
        _judge(attempt, page)
    except CheckFailedError as why:
        return [attempt.failed(why)]
    return [attempt.succeeded()]


async def _page(attempt: Attempt, deadline: Deadline) -> Exchange:
    """The answer at the end of the redirects. Raises redirect_loop, and whatever stops us on the way."""
    target, limits = attempt.target, attempt.probe.limits
    try:
        address = web_address(target.where)
    except NotWebError as error:
        raise CheckFailedError("not_possible", "resolve", str(error)) from error
    ports = WEB_PORTS | {address.port}
    seen = {address}
    while True:
        answer = await _asked(attempt, address, deadline)
        if not _leads_on(target, answer):
            return answer
        try:
            address = address.redirected(answer.header(b"location"))
        except NotWebError as error:
            raise CheckFailedError("bad_answer", "content", f"redirects to what is {error}") from error
        attempt.facts.setdefault("redirects", []).append(str(address)[:SHOWN_URL_CHARS])
        if address in seen or len(seen) > limits.redirects:
            why = "back to" if address in seen else f"more than {limits.redirects}, to"
            raise CheckFailedError("redirect_loop", "content", f"{why} {address}")
        if address.port not in ports:
            raise CheckFailedError("held_back", "content", f"redirected to port {address.port}: {address}")
        seen.add(address)


async def _asked(attempt: Attempt, address: WebAddress, deadline: Deadline) -> Exchange:
    connection = await reach(attempt, address.host, address.port, deadline)
    try:
        if address.scheme == "https":
            session = await handshake(attempt, connection, verifying(), address.host, deadline)
            attempt.facts["protocol"] = session.version()
        return await _exchange(attempt, address, connection, deadline)
    finally:
        connection.close()


async def _exchange(
    attempt: Attempt, address: WebAddress, connection: Connection, deadline: Deadline
) -> Exchange:
    target = attempt.target
    exchange = Exchange(connection, deadline, attempt.probe.limits, keep=target.expect_text is not None)
    with attempt.phase("first_byte"):
        await exchange.ask(address, attempt.probe.user_agent)
    with attempt.phase("content"):
        await exchange.read_head()
        attempt.facts |= {
            "status": exchange.status,
            "http_version": exchange.http_version,
            "server": exchange.header(b"server")[:SHOWN_CHARS],
            "content_type": exchange.header(b"content-type")[:SHOWN_CHARS],
        }
        if _as_expected(target, exchange.status) and not _leads_on(target, exchange):
            await exchange.read_body()
            attempt.facts |= {"body_bytes": exchange.body_bytes, "body_cut": exchange.body_cut}
    return exchange


def _leads_on(target: Target, answer: Exchange) -> bool:
    """A redirect to follow: it says where to, and is not itself what is expected."""
    follows = answer.status in REDIRECTS and answer.status != target.expect_status
    return follows and answer.header(b"location") != ""


def _as_expected(target: Target, status: int) -> bool:
    if target.expect_status is not None:
        return status == target.expect_status
    return status < 400


def _judge(attempt: Attempt, answer: Exchange) -> None:
    """Status first, then the words. Raises wrong_status, held_back, wrong_content or too_long."""
    target = attempt.target
    if answer.status == TOO_MANY != target.expect_status:
        # RFC 6585, section 4: that is about us, and no outage.
        raise CheckFailedError(
            "held_back", "content", f"status {answer.status}: it says that we ask too often"
        )
    if not _as_expected(target, answer.status):
        raise CheckFailedError("wrong_status", "content", f"status {answer.status} {answer.reason}")
    if target.expect_text is None:
        return
    coding = answer.header(b"content-encoding").strip().lower()
    if coding not in ("", "identity"):
        raise CheckFailedError("bad_answer", "content", f"sent as {coding}, which was not asked for")
    if holds(answer.body, answer.header(b"content-type"), target.expect_text):
        return
    if answer.body_cut:
        raise CheckFailedError(
            "too_long", "content", f"the text is not in the first {answer.body_bytes} bytes"
        )
    raise CheckFailedError("wrong_content", "content", "the text that is expected is not there")
