"""manifest.toml: what is read, and the sentence for what cannot be."""

from datetime import timedelta
from pathlib import Path

import pytest

from connectors.manifest import duration, read_manifest
from hub.errors import SettingsError
from hub.records.source import DeletePolicy, StreamModel

GOOD = """
name = "acme"
title = "Acme"
kind = "erp"
version = "1.0.0"
contract = 1
class = "client:Acme"

[settings.url]
help = "Where it is"

[streams.orders]
model = "order"
primary_key = ["id"]
lookback = "2m"
deletes = "scan"
"""


def written(folder: Path, text: str) -> Path:
    (folder / "manifest.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_manifest_says_what_a_stream_is(tmp_path: Path) -> None:
    manifest = read_manifest(written(tmp_path, GOOD))
    stream = manifest.stream("orders")
    assert (manifest.name, manifest.implementation) == ("acme", "client:Acme")
    assert (stream.model, stream.deletes, stream.lookback) == (StreamModel.ORDER, DeletePolicy.SCAN, timedelta(minutes=2))
    assert (stream.settle, stream.freshness) == (timedelta(), timedelta(minutes=15))


def test_a_stream_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no stream 'refunds'; it has orders"):
        read_manifest(written(tmp_path, GOOD)).stream("refunds")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("title =", "titel ="), "titel"),
        (("help =", "hint ="), r"hint.*settings"),
        (('model = "order"', 'model = "orders"'), r"orders.*streams"),
        (("primary_key =", "key ="), r"key.*streams"),
        (('kind = "erp"', ""), "kind"),
        (("contract = 1", 'contract = "1"'), "contract"),
        (("contract = 1", "contract ="), "manifest.toml of the connector"),
        (("contract = 1", "contract = 2"), "speaks contract 2, this hub speaks 1; update one"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_told_in_a_sentence(tmp_path: Path, change: tuple[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        read_manifest(written(tmp_path, GOOD.replace(*change)))


def test_a_folder_without_a_manifest_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"manifest.toml of the connector in {tmp_path.name} cannot be used"):
        read_manifest(tmp_path)


def test_a_manifest_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "manifest.toml").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="cannot be used"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("250ms", timedelta(milliseconds=250)),
        ("90s", timedelta(seconds=90)),
        ("2m", timedelta(minutes=2)),
        ("1h", timedelta(hours=1)),
        ("7d", timedelta(days=7)),
    ],
)
def test_a_duration_is_a_number_with_its_unit(text: str, length: timedelta) -> None:
    assert duration(text) == length


@pytest.mark.parametrize("text", ["", "5", "m", "1.5h", "-1s", "1w", "1sm", "²s"])
def test_what_is_no_duration_is_told_with_an_example(text: str) -> None:
    with pytest.raises(SettingsError, match="write for example 90s, 2m or 1h"):
        duration(text)
