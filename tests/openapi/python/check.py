"""Reads every example of the document into the generated models and back.

Usage: check.py DOCUMENT PACKAGE
"""

import importlib
import json
import pathlib
import sys

document = json.loads(pathlib.Path(sys.argv[1]).read_text())
models = importlib.import_module(f"{sys.argv[2]}.models")

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



def readers(name, value):
    """The classes that may read the value: a union has none itself, but those of its alternatives."""
    if hasattr(models, name):
        return [getattr(models, name)]
    schema = document["components"]["schemas"][name]
    references = [alternative["$ref"] for alternative in schema["oneOf"]]
    if "discriminator" in schema:
        discriminator = schema["discriminator"]
        references = [discriminator["mapping"][value[discriminator["propertyName"]]]]
    return [reader for reference in references for reader in readers(reference.rsplit("/", 1)[-1], value)]


def read(name, value):
    """Reads and writes the value, with the first class that takes it."""
    errors = []
    for reader in readers(name, value):
        try:
            back = reader.from_dict(json.loads(json.dumps(value))).to_dict()
        except Exception as error:
            errors.append(f"{reader.__name__}: {type(error).__name__}: {error}")
            continue
        if back == value:
            return
        errors.append(f"{reader.__name__}: became {json.dumps(back)}")
    raise ValueError("; ".join(errors))


failed = 0
for name, value in examples:
    try:
        read(name, value)
    except Exception as error:  # Every example is tried; each failure is shown.
        failed += 1
        print(f"{name}: {type(error).__name__}: {error}\n  in {json.dumps(value)}", file=sys.stderr)
print(f"{len(examples) - failed} examples read and written, {failed} not")
sys.exit(failed > 0 or not examples)
