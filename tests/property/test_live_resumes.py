"""A live state that is written and read again goes on as if nothing had been, whenever that is."""

from __future__ import annotations

import io
import pickle
import random
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from routing_any import make_world
from routing_live import advance, stepwise_of
from routing_world import T0, World

from nightside.routing.kept import Kept
from nightside.routing.stepwise import Stepwise

ODD = settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
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
