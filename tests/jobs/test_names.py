"""A stranger that owns one of our package names is refused before it does harm."""

import pytest

from hub.errors import SettingsError
from jobs.names import refuse


def test_this_installation_is_whole() -> None:
    refuse()


def test_an_editable_installation_lists_no_owner() -> None:
    refuse({"pytest": ["pytest"]})


def test_our_own_distribution_is_no_stranger() -> None:
    refuse({"hub": ["channelhub"], "schema": ["channelhub"]})


@pytest.mark.parametrize("room", ["hub", "connectors", "schema", "jobs"])
def test_another_distribution_of_the_name_is_named_with_the_remedy(room: str) -> None:
    with pytest.raises(SettingsError, match=f"{room}.*rival.*environment of its own"):
        refuse({room: ["channelhub", "rival"]})
