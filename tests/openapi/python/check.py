"""Reads every example of the document into the generated models and back.

Usage: check.py DOCUMENT DIRECTORY-OF-THE-CLIENT
"""

import importlib
import json
import pathlib
import sys

document = json.loads(pathlib.Path(sys.argv[1]).read_text())
client = pathlib.Path(sys.argv[2])
package = next(path.parent.name for path in client.glob("*/client.py"))
sys.path.insert(0, str(client))
models = importlib.import_module(f"{package}.models")

examples = [
    (name, value)
    for name, schema in document["components"]["schemas"].items()
    for value in schema.get("examples", [])
    if schema.get("type") == "object"
]


def media_types(node):
    """Every media type that names its examples beside its schema."""
    if isinstance(node, dict):
        for media in node.get("content", {}).values():
            name = media.get("schema", {}).get("$ref", "").rsplit("/", 1)[-1]
            for example in media.get("examples", {}).values():
                if name and "$ref" in example:
                    value = document["components"]["examples"][example["$ref"].rsplit("/", 1)[-1]]["value"]
                    examples.append((name, value))
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            media_types(item)


media_types(document["paths"])
media_types(document["components"]["responses"])

failed = 0
for name, value in examples:
    try:
        back = getattr(models, name).from_dict(json.loads(json.dumps(value))).to_dict()
        if back != value:
            raise ValueError(f"became {json.dumps(back)}")
    except Exception as error:  # Every example is tried; each failure is shown.
        failed += 1
        print(f"{name}: {type(error).__name__}: {error}\n  in {json.dumps(value)}", file=sys.stderr)
print(f"{len(examples) - failed} examples read and written, {failed} not")
sys.exit(failed > 0 or not examples)
