"""Finished JSON passes through the executor as it is."""

import pytest

from hub.errors import SettingsError
from schema import executor
from schema.executor import self_test


def test_the_installed_libraries_let_finished_json_pass() -> None:
    self_test()


def test_libraries_that_do_not_are_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(executor.HubExecutor, "complete_value")
    with pytest.raises(SettingsError, match=r"install the versions that requirements\.lock names"):
        self_test()
