"""The demo from end to end, with a smaller trade around the same plants."""

from pathlib import Path

import orjson
import pytest

from hub.errors import SettingsError
from jobs.demo.run import demo, fresh


async def test_the_demo_finds_all_that_was_planted_and_flags_nothing_else(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = home / "demo"
    monkeypatch.setenv("CHANNELHUB_HOME", str(place))
    monkeypatch.setenv("CHANNELHUB_CONFIG", str(place / "channelhub.toml"))
    monkeypatch.delenv("CHANNELHUB_DATABASE_URL", raising=False)
    code = await demo(place, once=True, as_json=True, port=0, scale=0.05)
    told = orjson.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["details"] == {"missed": [], "wrongly_flagged": [], "misread": []}
    assert (told["found"], told["missed"], told["wrongly_flagged"]) == (told["planted"], 0, 0)
    assert code == 0
    assert {case["rule"] for case in told["cases"]} == {
        "cross_region_sale", "below_policy_offer", "territory_overlap", "tier_inversion", "unknown_seller",
    }  # fmt: skip
    assert [reject["code"] for reject in told["rejects"]] == ["bad_decimal"]
    assert told["alert"]["to"] == "manager@example.com"
    assert told["query"]["answer"]["data"]["conflictCases"]["nodes"]


def test_a_demo_begins_in_an_empty_home(home: Path) -> None:
    left = home / "demo" / "left"
    left.parent.mkdir()
    left.touch()
    with fresh(home / "demo"):
        assert not left.exists()


def test_two_demos_do_not_share_a_home(home: Path) -> None:
    with fresh(home / "demo"), pytest.raises(SettingsError, match="Another demo"), fresh(home / "demo"):
        pass
