"""What the tests of values share: inputs as they are written, read and settled together."""

from __future__ import annotations

from calcrisk.stated import Location, Reading, Written
from calcrisk.values import read, settle
from calcrisk.variables import registry


def read_all(**stated: object) -> Reading:
    reading = Reading(registry())
    for name, raw in stated.items():
        read(registry()[name], Written(raw, "here", Location(path=name)), reading)
    settle(reading)
    return reading
