"""python -m schema prints the schema; python -m schema check says what would break the clients of the last release."""

import sys

from schema.breaks import complaints
from schema.root import sdl

if sys.argv[1:] == ["check"]:
    found = complaints()
    sys.stderr.writelines(f"{one}\n" for one in found)
    sys.exit(bool(found))
sys.stdout.write(sdl())
