"""python -m schema prints the schema."""

import sys

from schema.root import sdl

sys.stdout.write(sdl())
