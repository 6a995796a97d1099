"""Whatever was told and whatever the archives show: one confirmation settles it; where all is equal it is silent."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from nightside.incidents.confirmation import ArchiveView, to_tell_anew
from nightside.incidents.messages import messages
from nightside.model.entity import Entity
from nightside.model.incident import Episode
from nightside.model.settings import Settings

KP = Entity("country", "KP", "North Korea")
SETTINGS = Settings()
T0 = 1_419_264_900
END = T0 + 86_400


@st.composite
def episodes(draw: st.DrawFn) -> list[Episode]:
    """Severe ones apart from each other, some with a total one inside; the last may still last."""
    found: list[Episode] = []
    at = T0
    for _ in range(draw(st.integers(0, 4))):
        onset = at + draw(st.integers(1, 9000))
        length = draw(st.integers(1, 9000))
        lasts = draw(st.booleans()) and not draw(st.booleans())
        end = None if lasts else onset + length
        since = draw(st.sampled_from([None, onset + length])) if lasts else None
        found.append(Episode("severe", onset, end, 0.2, 1, recovering_since=since))
        if length > 2 and draw(st.booleans()):
            inner = None if end is None else end - 1
            found.append(Episode("total", onset + 1, inner, 0.0, 0, recovering_since=since))
        if lasts:
            break
        at = onset + length + 600
    return found


@st.composite
def views(draw: st.DrawFn) -> ArchiveView:
    blind = draw(st.lists(st.tuples(st.integers(0, 80_000), st.integers(1, 5000)), max_size=2))
    unknown = [(T0 + begin, T0 + begin + length) for begin, length in blind]
    return ArchiveView(
        T0 - 20_000,
        T0 + draw(st.integers(40_000, 86_400)),
        draw(episodes()),
        draw(st.sampled_from([[], unknown])),
    )


@settings(max_examples=300)
@given(live=episodes(), shown=views(), told_until=st.integers(T0, END))
def test_one_confirmation_settles_it(live: list[Episode], shown: ArchiveView, told_until: int) -> None:
    before = [m.to_json() for m in messages(KP, live, [], SETTINGS, told_until)]
    first = [m.to_json() for m in to_tell_anew(KP, before, shown, SETTINGS, END)]
    assert len({m["key"] for m in (*before, *first)}) == len(before) + len(first)
    assert {m["kind"] for m in first} <= {"corrected", "withdrawn"}
    again = to_tell_anew(KP, [*before, *first], shown, SETTINGS, END + 900)
    assert again == []


@given(live=episodes())
def test_nothing_is_told_where_the_archives_show_what_was_told(live: list[Episode]) -> None:
    before = [m.to_json() for m in messages(KP, live, [], SETTINGS, END)]
    # Short ones may be waiting for their digest; the others are told.
    assert to_tell_anew(KP, before, ArchiveView(T0 - 20_000, END, live), SETTINGS, END) == []
