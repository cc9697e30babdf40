"""python -m schema prints the schema; python -m schema check says what would break the clients of the last release.

python -m schema vet judges the documents it is given as a JSON array of texts.
"""

import sys

import orjson

from schema.breaks import complaints
from schema.root import build_schema, sdl
from schema.vetting import vet

match sys.argv[1:]:
    case ["check"]:
        found = complaints()
        sys.stderr.writelines(f"{one}\n" for one in found)
        sys.exit(bool(found))
    case ["vet"]:
        sys.stdout.buffer.write(orjson.dumps(vet(build_schema()._schema, orjson.loads(sys.stdin.buffer.read()))))
    case _:
        sys.stdout.write(sdl())
