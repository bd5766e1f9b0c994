"""A JSON Schema as rows of a table that a person can read, and an example made from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

_KINDS = {
    "string": "Text",
    "integer": "ganze Zahl",
    "number": "Zahl",
    "boolean": "ja/nein",
    "array": "Liste",
    "object": "Objekt",
    "null": "null",
}
_FORMATS = {"date": "Datum JJJJ-MM-TT", "date-time": "Zeitpunkt mit Zone (RFC 3339)", "uuid": "UUID"}
_DEEPEST = 12
_SHORT = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One field; ``depth`` counts the objects around it, ``rule`` says which values are allowed.

    A row with ``variant`` is no field: it opens one of several forms that the field above may take.
    """

    name: str
    depth: int
    kind: str = ""
    required: bool = False
    description: str = ""
    rule: str = ""
    variant: bool = False


def rows(schema: Schema, schemas: Schema) -> Iterator[Row]:
    """Yield the fields of an object schema, outer before inner. ``schemas`` resolves ``#/components/schemas/…``."""
    yield from _properties(_resolved(schema, schemas), schemas, 0)


def example(schema: Schema, schemas: Schema) -> Any:
    """Return an example value: the schema's own where it has one, else one put together from its parts."""
    found = _resolved(schema, schemas)
    own = [*found.get("examples", ()), *found.get("enum", ())]
    own += [found[key] for key in ("const", "default") if found.get(key) is not None]
    if own:
        return _ordered(own[0], found, schemas)
    if variants := _variants(found, schemas):
        return example(variants[0], schemas)
    if found.get("type") == "array":
        return [example(found.get("items", {}), schemas)]
    if "properties" in found:
        return _example_object(found, schemas)
    return {"string": "…", "integer": 1, "number": 1.0, "boolean": True}.get(found.get("type", ""))


def _ordered(value: Any, schema: Schema, schemas: Schema) -> Any:
    """Put the members of an example into the order of the fields: pydantic sorts them by name."""
    if not isinstance(value, dict):
        return value
    inner = schema.get("properties", {})
    return {
        name: _ordered(value[name], _resolved(inner[name], schemas) if name in inner else {}, schemas)
        for name in sorted(value, key=[*inner].index if value.keys() <= inner.keys() else None)
    }


def _example_object(schema: Schema, schemas: Schema) -> dict[str, Any]:
    """Take the required fields, and where there is a choice the first."""
    required = {*schema.get("required", ())}
    for one in _alternatives(schema, schemas)[:1]:
        required |= {*one.get("required", ())}
    return {name: example(one, schemas) for name, one in schema["properties"].items() if name in required}


def _properties(schema: Schema, schemas: Schema, depth: int) -> Iterator[Row]:
    if depth > _DEEPEST:
        return
    required = schema.get("required", ())
    for name, raw in schema.get("properties", {}).items():
        found = _resolved(raw, schemas)
        variants = _variants(found, schemas)
        yield Row(
            name=name,
            depth=depth,
            kind=_kind(found, variants, schemas),
            required=name in required,
            description=_description(found),
            rule=_rule(found, variants, schemas),
        )
        yield from _inside(found, variants, schemas, depth + 1)


def _description(schema: Schema) -> str:
    title, words = schema.get("title", ""), schema.get("description", "")
    return words if words.startswith(title) else f"{title}: {words}" if words else title


def _inside(schema: Schema, variants: list[Schema], schemas: Schema, depth: int) -> Iterator[Row]:
    objects = [one for one in variants if "properties" in one]
    if len(objects) > 1:
        for one in objects:
            yield Row(name=one.get("title", "Form"), depth=depth, description=one.get("description", ""), variant=True)
            yield from _properties(one, schemas, depth + 1)
    elif objects:
        yield from _properties(objects[0], schemas, depth)
    elif "properties" in schema:
        yield from _properties(schema, schemas, depth)
    elif "items" in schema:
        yield from _properties(_resolved(schema["items"], schemas), schemas, depth)


def _resolved(schema: Schema, schemas: Schema) -> Schema:
    """Follow a reference; what stands beside it (a description) goes before what it points to."""
    if "$ref" not in schema:
        return schema
    target = _resolved(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    return {**target, **{name: value for name, value in schema.items() if name != "$ref"}}


def _alternatives(schema: Schema, schemas: Schema) -> list[Schema]:
    return [_resolved(one, schemas) for one in (*schema.get("oneOf", ()), *schema.get("anyOf", ()))]


def _variants(schema: Schema, schemas: Schema) -> list[Schema]:
    """Return the forms that a value may take (what only demands or forbids fields of an object is no form)."""
    return [one for one in _alternatives(schema, schemas) if one.get("type", "null") != "null"]


def _choices(schema: Schema, schemas: Schema) -> list[str]:
    """Return the fields of which an object needs one or the other."""
    found = [one["required"] for one in _alternatives(schema, schemas) if "type" not in one and "required" in one]
    return [" und ".join(one) for one in found]


def _kind(schema: Schema, variants: list[Schema], schemas: Schema) -> str:
    if variants:
        return " oder ".join(dict.fromkeys(_kind(one, _variants(one, schemas), schemas) for one in variants))
    if schema.get("type") == "array":
        inner = _resolved(schema.get("items", {}), schemas)
        return f"Liste von {_kind(inner, _variants(inner, schemas), schemas)}"
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    if "const" in schema or "enum" in schema:
        return _KINDS["boolean"] if isinstance(schema.get("const"), bool) else "Schlüsselwort"
    return _KINDS.get(schema.get("type", ""), "")


def _rule(schema: Schema, variants: list[Schema], schemas: Schema) -> str:
    if variants:
        told = (_rule(one, _variants(one, schemas), schemas) for one in variants)
        return " oder ".join(dict.fromkeys(one for one in told if one))
    parts: list[str] = []
    if "const" in schema:
        parts.append(_word(schema["const"]))
    if "enum" in schema:
        parts.append(" | ".join(_word(one) for one in schema["enum"]))
    if "minimum" in schema or "maximum" in schema:
        parts.append(f"{schema.get('minimum', '…')} bis {schema.get('maximum', '…')}")
    if "maxLength" in schema:
        parts.append(f"{schema.get('minLength', 0)} bis {schema['maxLength']} Zeichen")
    if "pattern" in schema:
        pattern = schema["pattern"]
        parts.append(f"Muster {pattern}" if len(pattern) <= _SHORT else "Zeichenvorrat siehe JSON Schema")
    if choices := _choices(schema, schemas):
        parts.append("entweder " + " oder ".join(choices))
    if "items" in schema:
        inner = _resolved(schema["items"], schemas)
        parts.append(_rule(inner, _variants(inner, schemas), schemas))
    if "maxItems" in schema:
        parts.append(f"höchstens {schema['maxItems']} Einträge")
    return "; ".join(one for one in parts if one)


def _word(value: object) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
