"""Compares each YAML file with the JSON file beside it, member by member and in order.

Usage: same.py YAML…
"""

import json
import pathlib
import sys

import yaml

if len(sys.argv) < 2:
    sys.exit("no files")
for path in map(pathlib.Path, sys.argv[1:]):
    one = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    # A dump keeps the order and tells 1 from 1.0 and from true.
    if json.dumps(one) != json.dumps(json.loads(path.with_suffix(".json").read_text())):
        sys.exit(f"{path} is not {path.with_suffix('.json')}")
    print(f"{path} says what the JSON says")
