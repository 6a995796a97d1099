"""A live state that is written and read again goes on as if nothing had been, whenever that is."""

from __future__ import annotations

import io
import pickle
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from routing_any import make_world
from routing_live import advance, stepwise_of
from routing_world import HOME, T0, Element, World, columns

from nightside.model.elements import Kind
from nightside.routing.kept import Kept
from nightside.routing.stepwise import Stepwise

ODD = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
SEEDS = st.integers(0, 10**9)


class Names(pickle.Pickler):
    """Leaves out what is the same in every run."""

    def __init__(self, file: io.BytesIO, names: dict[str, object]) -> None:
        super().__init__(file, 5)
        self._names = {id(thing): name for name, thing in names.items()}

    def persistent_id(self, thing: object) -> str | None:
        return self._names.get(id(thing))


class Named(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, names: dict[str, object]) -> None:
        super().__init__(file)
        self._names = names

    def persistent_load(self, name: Any) -> object:
        return self._names[name]


def names_of(live: Stepwise) -> dict[str, object]:
    ground = live.numbered.ground
    found = {"ground": ground, "unit_country": ground.unit_country, "settings": live.settings}
    seen = getattr(live.standing, "seen", None)
    return found if seen is None else found | {"seen": seen}


def saved(what: object, live: Stepwise) -> bytes:
    out = io.BytesIO()
    Names(out, names_of(live)).dump(what)
    return out.getvalue()


def loaded(state: bytes, live: Stepwise) -> Any:
    return Named(io.BytesIO(state), names_of(live)).load()


def plain(thing: Any) -> object:
    """The same as something that can be compared."""
    if isinstance(thing, np.ndarray):
        return (str(thing.dtype), thing.shape, thing.tobytes())
    if isinstance(thing, list | tuple):
        return [plain(one) for one in thing]
    if isinstance(thing, dict):
        return {key: plain(value) for key, value in thing.items()}
    if hasattr(thing, "__dataclass_fields__"):
        return {name: plain(getattr(thing, name)) for name in thing.__dataclass_fields__}
    return thing


def asked(kept: Kept) -> object:
    """What is kept, as who asks is answered."""
    if kept.begin is None:
        return None
    wanted = np.zeros(kept.live.numbered.n_prefixes, np.bool_)
    wanted[::2] = True
    news = kept.about(wanted)
    line = kept.timeline(news)
    return plain([news, line, kept.observation(news, line)])


class Told:
    """Takes down all that is told and kept; what goes on is read from bytes now and then."""

    def __init__(self, live: Stepwise, chance: random.Random | None, share: float) -> None:
        self.live, self.kept = live, Kept(live)
        self.chance, self.share = chance, share
        self.heard: list[object] = []

    def now(self) -> Stepwise:
        """What is to go on."""
        if self.chance is not None and self.chance.random() < self.share:
            self.live, self.kept = loaded(saved((self.live, self.kept), self.live), self.live)
            assert self.kept.live is self.live
        return self.live

    def come(self, second: int) -> None:
        news = self.now().until(second)
        if news is None:
            return
        self.heard.append(plain(news))
        self.kept.add(news)
        self.kept.forget(second - 7200)
        self.live.voting.forget(second - 7200)
        if len(self.heard) % 5 == 0:
            self.heard.append(asked(self.kept))


def heard(
    world: World, end: int, stops: list[int], seed: int, whole: bool, chance: random.Random | None = None
) -> list[object]:
    live = stepwise_of(world, world.seen(end) if whole else None)
    told = Told(live, chance, 0.04)
    for stop in advance(live, world, stops, end, random.Random(seed), told.now):
        told.come(stop)
    return [*told.heard, asked(told.kept)]


@given(SEEDS, st.sampled_from([1, 60, 900]), st.booleans())
@ODD
def test_a_state_that_is_read_again_goes_on_the_same(seed: int, pace: int, whole: bool) -> None:
    world, end = make_world(seed, 40)
    random_ = random.Random(seed)
    moments = sorted({int(getattr(s, "second", T0)) for c in world.collectors for s in c.steps})
    stops = sorted({m + random_.randrange(-1, pace) for m in random_.sample(moments, min(len(moments), 60))})
    undisturbed = heard(world, end, stops, seed, whole)
    assert heard(world, end, stops, seed, whole, random_) == undisturbed


def test_read_again_before_everything_that_happens() -> None:
    """In a table that is being read, in gaps, in transfers, with a table that waits: each in these worlds."""
    seen: Counter[str] = Counter()

    class Always(Told):
        def now(self) -> Stepwise:
            for collector in self.live.collectors.values():
                table = collector.table
                sessions, _pending, _paths, is_open, is_ready = table.__reduce__()[2][0][:5]
                away, transfers = sessions[10], sessions[12]
                seen.update(
                    what
                    for what, is_so in zip(
                        ("open", "ready", "away", "transfer"),
                        (is_open, is_ready, away, transfers),
                        strict=True,
                    )
                    if is_so
                )
            return super().now()

    for seed in (3, 12):
        world, end = make_world(seed, 15)
        for collector in world.collectors:
            collector.batch = 1
        stops = list(range(T0, end, 450))
        undisturbed = heard(world, end, stops, seed, False)
        live = stepwise_of(world)
        told = Always(live, random.Random(0), 1.0)
        for stop in advance(live, world, stops, end, random.Random(seed), told.now):
            told.come(stop)
        assert [*told.heard, asked(told.kept)] == undisturbed
    assert min(seen[what] for what in ("open", "ready", "away", "transfer")) > 3, seen


@pytest.fixture(scope="module")
def some() -> Told:
    """A state in the middle of a world in which anything happens."""
    world, end = make_world(11, 60)
    live = stepwise_of(world)
    told = Told(live, None, 0)
    for stop in advance(live, world, range(T0, end, 97), end - 4000, random.Random(11)):
        told.come(stop)
    return told


def test_what_is_shared_stays_shared(some: Told) -> None:
    live, kept = loaded(saved((some.live, some.kept), some.live), some.live)
    assert kept.live is live
    assert live.numbered.prefixes is live.prefixes
    assert live.numbered.ways is live.ways
    assert live.player.judge is live.judge
    before = live.prefixes.count
    name, collector = next(iter(live.collectors.items()))
    peer = next(iter(collector.peers))
    new = columns([Element(live.played + 1, Kind.ANNOUNCE, 0, "198.51.100.0/24", (peer.asn, 4837, HOME))])
    live.apply(name, [peer], new)
    assert live.prefixes.count == before + 1
    # The table learnt the prefix and the way from the very same indexes.
    live.until(live.played + 100)
    number = live.prefixes.find((198 << 24 | 51 << 16 | 100 << 8) << 32, 0, 24, 4)
    held = collector.table.routes(collector.peers[peer], np.array([number], np.uint32))
    assert 0 < int(held[0]) < live.ways.count


def test_what_the_map_says_is_not_written(some: Told) -> None:
    named = len(saved(some.live, some.live))
    out = io.BytesIO()
    Names(out, {"ground": some.live.numbered.ground, "settings": some.live.settings}).dump(some.live)
    # 2^24 units of two bytes each.
    assert len(out.getvalue()) - named >= 1 << 25
    again = loaded(saved(some.live, some.live), some.live)
    assert again.numbered.ground is some.live.numbered.ground


def parts(live: Stepwise) -> dict[str, Any]:
    return {
        "index": live.prefixes,
        "ways": live.ways,
        "judge": live.judge,
        "votes": live.judge.__reduce__()[2][0],
        "cover": live.judge.__reduce__()[2][1],
        "log": next(iter(live.collectors.values())).table.log,
        "table": next(iter(live.collectors.values())).table,
        "changes": live.judge.unit_changes,
    }


def places(state: Any, way: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Where in a state something stands that is no single number."""
    for at, one in enumerate(state):
        if isinstance(one, tuple):
            yield from places(one, (*way, at))
        elif not isinstance(one, bool | int | float):
            yield (*way, at)


def at(state: Any, way: tuple[int, ...]) -> Any:
    return at(state[way[0]], way[1:]) if way else state


def replaced(state: Any, way: tuple[int, ...], by: Any) -> Any:
    if not way:
        return by
    return tuple(replaced(one, way[1:], by) if i == way[0] else one for i, one in enumerate(state))


def bad_ones(good: Any) -> list[Any]:
    """None, and of an array others: shorter, of another type, of two dimensions."""
    if not isinstance(good, np.ndarray):
        return [None]
    others = [None, good.astype(np.float64), good.reshape(*good.shape, 1)]
    return [*others, good[:0]] if good.size else others


def made_again(thing: Any, state: Any) -> Any:
    new = type(thing).__new__(type(thing))
    new.__setstate__(state)
    return new


@pytest.mark.parametrize("part", ["index", "ways", "judge", "votes", "cover", "log", "table", "changes"])
def test_what_does_not_fit_is_refused(some: Told, part: str) -> None:
    judge = some.live.judge.__reduce__()[2]
    thing = parts(some.live)[part]
    state = thing.__reduce__()[2]

    def make(state: Any) -> None:
        made = made_again(thing, state)
        if part in ("votes", "cover"):
            # It is the judge that knows how many there are of what.
            made_again(some.live.judge, replaced(judge, (0 if part == "votes" else 1,), made))

    make(state)
    ways = list(places(state))
    assert ways
    for way in ways:
        for bad in bad_ones(at(state, way)):
            with pytest.raises((ValueError, TypeError, AttributeError)):
                make(replaced(state, way, bad))


def test_half_a_file_is_refused(some: Told) -> None:
    state = saved((some.live, some.kept), some.live)
    for length in (0, 1, 100, len(state) // 3, len(state) // 2, len(state) - 1):
        with pytest.raises((EOFError, pickle.UnpicklingError, ValueError)):
            loaded(state[:length], some.live)


def test_an_event_of_nobody_is_refused(some: Told) -> None:
    judge = loaded(saved(some.live, some.live), some.live).judge
    one = np.ones(1, np.uint32)
    for session, prefix, way in ((10**6, 1, 1), (0, 10**6, 1), (0, 1, 10**6)):
        with pytest.raises(IndexError):
            judge.flips(one, one.astype(np.uint8), session * one, prefix * one, way * one)
