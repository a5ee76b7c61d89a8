from datetime import UTC, date, datetime, timedelta, timezone

from hub.kernel.clock import FixedClock, SystemClock, local_date


def test_now_is_aware_and_in_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_a_fixed_clock_moves_only_when_told() -> None:
    clock = FixedClock(datetime(2026, 1, 1, 8, tzinfo=timezone(timedelta(hours=8))))
    assert clock.now() == clock.now() == datetime(2026, 1, 1, tzinfo=UTC)
    clock.advance(90)
    clock.advance(days=1)
    assert clock.now() == datetime(2026, 1, 2, 0, 1, 30, tzinfo=UTC)


def test_the_local_day_begins_at_midnight_in_shanghai() -> None:
    assert local_date(datetime(2026, 1, 1, 15, 59, 59, tzinfo=UTC)) == date(2026, 1, 1)
    assert local_date(datetime(2026, 1, 1, 16, 0, tzinfo=UTC)) == date(2026, 1, 2)
