"""A payload read into a struct, and the place of what does not fit."""

import pytest
from msgspec import Struct

from connectors import MappingError
from connectors.payload import decode


class Line(Struct):
    sku: str


class Row(Struct):
    number: int
    lines: list[Line]
    note: str | None = None


def test_a_payload_that_fits_is_read_and_what_is_not_asked_for_is_left() -> None:
    assert decode(b'{"number":1,"lines":[{"sku":"A","more":1}],"other":{}}', Row) == Row(1, [Line("A")])


@pytest.mark.parametrize(
    ("raw", "code", "field"),
    [
        (b'{"lines":[]}', "missing", "$.number"),
        (b'{"number":1,"lines":[{"sku":"A"},{}]}', "missing", "$.lines[1].sku"),
        (b'{"number":"1","lines":[]}', "bad_value", "$.number"),
        (b'{"number":1,"lines":[{"sku":null}]}', "bad_value", "$.lines[0].sku"),
        (b"[]", "bad_value", "$"),
        (b"null", "bad_value", "$"),
        (b"", "undecodable", "$"),
        (b'{"number":1,"lines":[', "undecodable", "$"),
        (b"<html>", "undecodable", "$"),
        (b'{"number":1,"lines":[],"note":"\xff"}', "undecodable", "$"),
        (b'{"number":1,"lines":[],"other":' + b"[" * 100_000, "undecodable", "$"),
    ],
)
def test_what_does_not_fit_is_set_aside_with_its_place(raw: bytes, code: str, field: str) -> None:
    with pytest.raises(MappingError) as caught:
        decode(raw, Row)
    assert (caught.value.code, caught.value.field) == (code, field)
    assert str(caught.value).endswith(".")
