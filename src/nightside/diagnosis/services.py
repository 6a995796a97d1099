"""What services say beside the routes: who went first, who stayed, who came back when."""

from __future__ import annotations

from nightside.diagnosis.rule import Rule, Said, unknown
from nightside.diagnosis.stored import Stored
from nightside.diagnosis.telling import lasting, when
from nightside.model.check_settings import CheckSettings
from nightside.model.diagnosis import RestsOn
from nightside.model.services import Services

BACK_S = 21600
LONG_S = 3600
NAMES = {"sites": "sites", "names": "name servers", "mail": "mail"}
JANUARY = "Reports on January 2022: time-outs first, then servers, then routers; mail first to return"


def _settle(services: Services) -> int:
    """So much later than routes services are seen."""
    rounds = float(services.settings.get("heard_rounds", CheckSettings().heard_rounds))
    return max([int(p.round_s * rounds) for p in services.places], default=0)


def _ready(stored: Stored) -> Services | str:
    services = stored.services
    if services is None:
        return "nobody checked its services then"
    if stored.is_instability:
        return "it was never lost as a whole"
    if stored.onset_range is not None:
        return "the onset is only known as a range"
    return services


def _falls(stored: Stored, services: Services, until: int) -> dict[str, int | None]:
    """Of each service that answered before: when it fell last and stayed so until then; None where it stayed up."""
    found: dict[str, int | None] = {}
    for course in services.services:
        if course.scope != "service" or course.name not in NAMES:
            continue
        up_before, fell = False, None
        word: bool | None = None
        for second, up, down, _unknown in course.steps:
            if second > until:
                break
            word = None if up + down == 0 else up / (up + down) >= 0.5
            if word:
                up_before, fell = True, None
            elif word is False and fell is None:
                fell = second
        if up_before and word is not None:
            found[course.name] = fell
    return found


def order(stored: Stored) -> Said:
    """Services, then name servers, then routes; or all together."""
    services = _ready(stored)
    if isinstance(services, str):
        return unknown(services)
    settle = _settle(services)
    until = stored.onset + settle
    if stored.end is not None and stored.end - stored.onset < settle:
        return unknown(f"checks come too seldom for an outage of {lasting(stored.end - stored.onset)}")
    falls = _falls(stored, services, until)
    if not falls:
        return unknown("no service was known before it")
    country = services.country
    fell = sorted((at, name) for name, at in falls.items() if at is not None)
    routes = RestsOn(stored.signal, stored.onset)
    rests = (*(RestsOn(f"services:{country}:{name}", at) for at, name in fell), routes)
    if not fell:
        names = ", ".join(NAMES[n] for n in sorted(falls))
        return Said(
            "stayed_up",
            f"What was checked ({names}) went on answering.",
            stored.onset,
            until,
            tuple(RestsOn(f"services:{country}:{n}", stored.onset) for n in sorted(falls)),
        )
    told = ", then ".join(f"{NAMES[name]} at {when(at)}" for at, name in fell)
    early = [name for at, name in fell if at < stored.onset - settle]
    if early:
        said = f"Services went before the routes: {told}, routes at {when(stored.onset)}."
        return Said("services_first", said, fell[0][0], stored.onset, rests)
    said = f"Services went with the routes, as far as checks can tell ({lasting(settle)}): {told}."
    return Said("together", said, fell[0][0], until, rests)


def beside(stored: Stored) -> Said:
    """Whether anything answered while the routes were gone."""
    services = _ready(stored)
    if isinstance(services, str):
        return unknown(services)
    end = stored.end if stored.end is not None else services.end
    for kind, level, words in (
        ("services_up_routes_down", "some_up", "Something went on answering while the routes were gone"),
        ("services_down_routes_down", "both_down", "Services and routes were gone together"),
    ):
        for finding in services.findings:
            until = services.end if finding.end is None else finding.end
            if finding.kind == kind and finding.begin < end and until > stored.onset:
                at = max(finding.begin, stored.onset)
                rests = (RestsOn(f"services:{services.country}:{kind}", at),)
                return Said(level, f"{words}, from {when(at)} on.", at, min(until, end), rests)
    return unknown("the checks say nothing of services and routes at that time")


def _back(stored: Stored) -> tuple[Services, int, int] | str:
    services = _ready(stored)
    if isinstance(services, str):
        return services
    if stored.end is None or stored.end_range is not None:
        return "no exact end has been seen"
    return services, _settle(services), stored.end


def lag(stored: Stored) -> Said:
    """How long after the routes nine tenths of what answered before answered again."""
    ready = _back(stored)
    if isinstance(ready, str):
        return unknown(ready)
    services, settle, end = ready
    country = f"services:{services.country}"
    for one in reversed(services.returns):
        if one.scope != "country" or one.down > end or (one.first is not None and one.first < stored.onset):
            continue
        if one.down < stored.onset and one.first is not None and one.first < end - settle:
            continue
        at = one.nine_tenths
        if at is None:
            if services.end - end <= LONG_S:
                return unknown("it was not watched for an hour after the routes were back")
            watched = lasting(services.end - end)
            said = f"Nine tenths of the services did not answer again within {watched} of the routes' return."
            rests = (RestsOn(stored.signal, end), RestsOn(country, services.end))
            return Said("long_after", said, end, services.end, rests)
        late = max(0, at - end)
        level = "with_routes" if late <= settle else "after" if late <= LONG_S else "long_after"
        said = f"Nine tenths of the services answered again at {when(at)}, {lasting(late)} after the routes."
        return Said(level, said, end, at, (RestsOn(stored.signal, end), RestsOn(country, at)))
    return unknown("no return of services was seen")


def first_back(stored: Stored) -> Said:
    """Which service came back first."""
    ready = _back(stored)
    if isinstance(ready, str):
        return unknown(ready)
    services, settle, end = ready
    near = [f for f in services.findings if end - settle <= f.begin <= end + BACK_S]
    for finding in near:
        name = finding.kind.removesuffix("_first")
        if name in NAMES and name != finding.kind:
            said = f"{NAMES[name].capitalize()} came back first, at {when(finding.begin)}."
            return Said(
                name,
                said,
                finding.begin,
                finding.end,
                (RestsOn(f"services:{services.country}:{name}", finding.begin),),
            )
    backs = [
        r
        for r in services.returns
        if r.scope == "service" and r.first is not None and end - settle <= r.first <= end + BACK_S
    ]
    if len({r.name for r in backs}) < 2:
        return unknown("fewer than two services were seen to come back")
    rests = tuple(
        RestsOn(f"services:{services.country}:{r.name}", r.first) for r in backs if r.first is not None
    )
    said = "No service came back well before the others."
    return Said("none_first", said, rests[0].at, rests[-1].at, rests)


RULES = (
    Rule(
        "order-of-loss",
        1,
        "when sites, name servers and mail last stopped answering, against the onset of the routes' loss",
        {
            "services_first": "a service was gone before the routes, by more than checks can err",
            "together": "with the routes, as far as checks can tell",
            "stayed_up": "no service was lost",
        },
        JANUARY,
        order,
    ),
    Rule(
        "routes-and-services",
        1,
        "findings about services beside routes while the headline lasted",
        {
            "some_up": "something went on answering while the routes were gone",
            "both_down": "services and routes were gone together",
        },
        "Syria 2012: what is hosted abroad stays; else whoever answers is not cut off",
        beside,
    ),
    Rule(
        "services-return",
        1,
        "from the routes' return to that of nine tenths of the services",
        {
            "with_routes": "with the routes, as far as checks can tell",
            "after": "within an hour",
            "long_after": "more than an hour later, or not while it was watched",
        },
        "Analysts on June 2025: services were slow to return, so it was more than the way out",
        lag,
    ),
    Rule(
        "first-back",
        1,
        "findings about which service answered again first",
        {
            "mail": "mail, well before the others",
            "names": "name servers",
            "sites": "sites",
            "none_first": "none of them",
        },
        JANUARY,
        first_back,
    ),
)
