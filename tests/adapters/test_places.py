"""Where an export goes on, in whatever form its source writes its seconds."""

from datetime import UTC, datetime

import pytest

from adapters.agent.places import Places

NOW = datetime(2026, 11, 22, 2, 0, 0, tzinfo=UTC)


def kept(*seconds: str) -> str | None:
    places = Places(None, "m", "n")
    for second in seconds:
        places.keep_second("t", second, NOW)
    return Places(places.to_json(), "m", "n").since("t", NOW)


@pytest.mark.parametrize(
    ("second", "since"),
    [
        ("2026-10-08 09:12:33", "2026-10-07 09:12:33"),
        ("2026-10-08T09:12:33.123", "2026-10-07T09:12:33"),
        ("2026-10-08 09:12:33+08:00", "2026-10-07 09:12:33+08:00"),
        ("2026-10-08", "2026-10-07"),
        ("2099-12-31 23:59:59", "2026-11-21 10:00:00"),
        ("2099-12-31 23:59:59+00:00", "2026-11-21 02:00:00+00:00"),
        ("2099-12-31", "2026-11-21"),
        ("1795339227", "1795339227"),
        ("20261008091233", "20261008091233"),
    ],
)
def test_reading_goes_on_a_day_before_the_last_second_or_the_present(second: str, since: str) -> None:
    assert kept(second) == since


def test_the_latest_second_counts() -> None:
    assert kept("2026-10-08 09:12:33", "2026-10-01 00:00:00") == "2026-10-07 09:12:33"


def test_another_mapping_or_other_names_read_everything_anew() -> None:
    places = Places(None, "m", "n")
    places.keep_second("t", "2026-10-08", NOW)
    assert Places(places.to_json(), "other", "n").since("t", NOW) is None
    assert Places(places.to_json(), "m", "other").since("t", NOW) is None
