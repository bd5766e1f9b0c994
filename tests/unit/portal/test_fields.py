"""gateway/portal/fields.py: a JSON Schema as a table and as an example."""

from __future__ import annotations

from typing import Any

from gateway.portal.fields import Row, example, rows

SCHEMAS: dict[str, Any] = {
    "Ort": {"type": "object", "title": "Ort", "properties": {"plz": {"type": "string", "pattern": "^[0-9]{5}$"}}},
}


def table(schema: dict[str, Any]) -> list[Row]:
    return list(rows({"type": "object", "properties": {"feld": schema}, "required": ["feld"]}, SCHEMAS))


def test_a_field_tells_kind_description_and_limits() -> None:
    (row,) = table({"type": "string", "title": "Name", "description": "Der Name.", "minLength": 1, "maxLength": 9})

    assert (row.name, row.kind, row.required, row.depth) == ("feld", "Text", True, 0)
    assert row.description == "Name: Der Name."
    assert row.rule == "1 bis 9 Zeichen"


def test_a_title_that_the_description_repeats_is_not_said_twice() -> None:
    assert (
        table({"type": "string", "title": "Ort", "description": "Ort der Wohnung."})[0].description
        == "Ort der Wohnung."
    )


def test_inner_fields_follow_their_object_one_deeper() -> None:
    outer, inner = table({"$ref": "#/components/schemas/Ort", "description": "Wo."})

    assert (outer.kind, outer.description) == ("Objekt", "Ort: Wo.")
    assert (inner.name, inner.depth, inner.rule) == ("plz", 1, "Muster ^[0-9]{5}$")


def test_a_list_of_objects_shows_their_fields() -> None:
    outer, inner = table({"type": "array", "items": {"$ref": "#/components/schemas/Ort"}, "maxItems": 3})

    assert (outer.kind, outer.rule, inner.name) == ("Liste von Objekt", "höchstens 3 Einträge", "plz")


def test_alternatives_of_a_value_are_joined_and_null_is_none() -> None:
    (row,) = table(
        {"anyOf": [{"const": "alles", "type": "string"}, {"type": "integer", "minimum": 1}, {"type": "null"}]}
    )

    assert (row.kind, row.rule) == ("Schlüsselwort oder ganze Zahl", "alles oder 1 bis …")


def test_two_forms_of_an_object_are_shown_one_after_the_other() -> None:
    one = {"type": "object", "title": "Brief", "properties": {"strasse": {"type": "string"}}}
    two = {"type": "object", "title": "Mail", "properties": {"adresse": {"type": "string"}}}

    assert [(row.name, row.variant) for row in table({"oneOf": [one, two]})] == [
        ("feld", False), ("Brief", True), ("strasse", False), ("Mail", True), ("adresse", False),
    ]  # fmt: skip


def test_a_choice_of_fields_is_a_rule_of_the_object() -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "ohne": {"const": True}},
        "oneOf": [{"required": ["name"]}, {"required": ["ohne"]}],
    }

    outer, _, without = table(schema)

    assert outer.rule == "entweder name oder ohne"
    assert (without.kind, without.rule) == ("ja/nein", "true")


def test_a_pattern_too_long_to_read_is_left_to_the_schema() -> None:
    assert table({"type": "string", "pattern": "x" * 61})[0].rule == "Zeichenvorrat siehe JSON Schema"


def test_a_schema_that_contains_itself_ends() -> None:
    schemas = {"Knoten": {"type": "object", "properties": {"kind": {"$ref": "#/components/schemas/Knoten"}}}}

    assert 5 < len(list(rows(schemas["Knoten"], schemas))) < 20


def test_an_example_is_put_together_from_the_required_fields() -> None:
    schema = {
        "type": "object",
        "required": ["a", "b", "c"],
        "properties": {
            "a": {"type": "string", "examples": ["x"]},
            "b": {"type": "array", "items": {"type": "integer"}},
            "c": {"enum": ["erstes", "zweites"]},
            "d": {"type": "string"},
        },
    }

    assert example(schema, {}) == {"a": "x", "b": [1], "c": "erstes"}


def test_an_example_of_the_schemas_own_comes_in_the_order_of_the_fields() -> None:
    schema = {
        "type": "object",
        "properties": {"z": {"$ref": "#/components/schemas/Ort"}, "a": {"type": "string"}},
        "examples": [{"a": "x", "z": {"plz": "49716"}}],
    }

    assert list(example(schema, SCHEMAS)) == ["z", "a"]
