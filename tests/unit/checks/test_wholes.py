"""What fails before any part is found, is a failure of the parts that were found last."""

from __future__ import annotations

from check_worlds import T0, every, result, table

from nightside.checks.judging import Judged, judge
from nightside.checks.quorum import DOWN, UP
from nightside.model.check import CheckResult
from nightside.model.check_settings import CheckSettings


def mail(at: float, part: str, outcome: str = "ok", place: str = "berlin") -> CheckResult:
    return result(at, place, target="mail", kind="smtp", part=part, outcome=outcome)


def judged(results: list[CheckResult]) -> Judged:
    return judge(table([]), table([*results, *every(60, 0, 3600, lambda at: result(at))]), CheckSettings())


def downs(found: Judged) -> dict[str, list[tuple[int, int]]]:
    """By the part of the mail, when it was down, in seconds from T0."""
    return {
        part.part: [
            (begin // 1000 - T0, end // 1000 - T0)
            for key, begin, end, value in zip(
                *(getattr(found.verdict, name).tolist() for name in ("key", "begin", "end", "value")),
                strict=True,
            )
            if key == number and value == DOWN
        ]
        for number, part in enumerate(found.parts)
        if part.kind == "smtp"
    }


def test_the_parts_that_were_found_last_are_down() -> None:
    """Two servers; from 600 to 1200 their names are not found. A third had gone before."""
    found = [
        mail(at + i / 1000, part)
        for at in range(0, 3600, 60)
        for i, part in enumerate(("mx1", "mx2", "old"))
        if not 600 <= at < 1200 and (part != "old" or at < 300)
    ]
    names = every(60, 600, 1200, lambda at: mail(at, "", "server_failure"))
    told = downs(judged(found + names))
    assert told == {"mx1": [(600, 1200)], "mx2": [(600, 1200)], "old": []}


def test_each_place_by_what_it_found_itself() -> None:
    berlin = [mail(at, "mx1") for at in range(0, 3600, 60)]
    lima = [mail(at, "mx1", place="lima") for at in range(10, 600, 60)]
    lima += [mail(at, "", "timed_out", "lima") for at in range(610, 3600, 60)]
    assert downs(judged(berlin + lima)) == {"mx1": []}


def test_where_no_part_was_ever_found_or_not_within_a_day_the_whole_fails() -> None:
    assert downs(judged(every(60, 0, 600, lambda at: mail(at, "", "server_failure")))) == {"": [(0, 690)]}
    old = [mail(-2 * 86_400 + i, "mx1") for i in (0, 60, 120)]
    found = downs(judged(old + every(60, 0, 600, lambda at: mail(at, "", "server_failure"))))
    assert found == {"": [(0, 690)], "mx1": []}


def test_an_answer_of_the_whole_is_its_own() -> None:
    """A domain that once had mail servers, and then answers without one."""
    found = judged([mail(0, "mx1"), *every(60, 60, 3600, lambda at: mail(at, ""))])
    ups = {found.parts[key].part for key in found.verdict.key[found.verdict.value == UP].tolist()}
    assert {"", "mx1"} <= ups
