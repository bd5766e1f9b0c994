"""Versions of a standard are data with dates: which package is chosen, and what is refused when loading."""

from __future__ import annotations

import runpy
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from gateway.errors import ConfigurationError, GatewayError, InvalidMessageError
from gateway.model import Whose
from gateway.resources import resource
from gateway.schemas import NONE_VALID, Schemas, manifest
from tests.unit.schemas import messages
from tests.unit.schemas.messages import content

NEXT = "http://www.osci.de/xmeld2605"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    copy = tmp_path / "xsd"
    shutil.copytree(resource("xsd"), copy)
    return copy


def edit(directory: Path, old: str, new: str) -> None:
    file = directory / manifest.FILE
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def add_next_release(directory: Path) -> None:
    """Ship a second release whose profile differs by namespace and version only."""
    shutil.copytree(directory / "xmeld" / "25.11a", directory / "xmeld" / "26.05")
    for file in (directory / "xmeld" / "26.05").iterdir():
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(messages.NAMESPACE, NEXT).replace("25.11a", "26.05"), encoding="utf-8")
    text = (directory / manifest.FILE).read_text(encoding="utf-8")
    first = text[text.index("[[package]]") :]
    second = first.replace("25.11a", "26.05").replace("xmeld2511a", "xmeld2605").replace("2025-11-01", "2026-05-01")
    first = first.replace("valid_from =", "valid_until = 2026-04-30\naccept_until = 2026-05-31\nvalid_from =")
    (directory / manifest.FILE).write_text(f"{first}\n{second}", encoding="utf-8")
    manifest.seal(directory)


def in_release(namespace: str, version: str) -> bytes:
    return (
        content(messages.order())
        .replace(messages.NAMESPACE.encode(), namespace.encode())
        .replace(b'version="25.11a"', f'version="{version}"'.encode())
    )


def test_the_shipped_package_says_what_it_is() -> None:
    [package] = Schemas.load().packages
    assert (package.standard, package.version, package.namespace) == ("xmeld", "25.11a", messages.NAMESPACE)
    assert (package.valid_from, package.valid_until) == (date(2025, 11, 1), None)
    assert "behind" in package.note
    assert not package.checked_officially


def test_the_shipped_files_are_sealed() -> None:
    for entry in manifest.read(resource("xsd")):
        entry.verify()


def test_the_checksum_covers_every_schema_file() -> None:
    covered = {file for entry in manifest.read(resource("xsd")) for file in entry.schema_files()}
    assert covered == set(resource("xsd").resolve().rglob("*.xsd"))


def test_the_character_pattern_is_made_from_its_table() -> None:
    made = runpy.run_path(str(resource("xsd", "din-91379", "make.py")))
    assert made["TARGET"].read_text(encoding="utf-8") == made["schema"]()


def test_no_package_before_its_first_day() -> None:
    schemas = Schemas.load()
    assert schemas.for_sending("xmeld", date(2025, 11, 1)).version == "25.11a"
    for standard, day in (("xmeld", date(2025, 10, 31)), ("unbekannt", date(2026, 3, 2))):
        with pytest.raises(GatewayError) as caught:
            schemas.for_sending(standard, day)
        assert caught.value.problem is NONE_VALID
        assert caught.value.problem.whose is Whose.OPERATOR


def test_the_release_changes_with_the_day(directory: Path) -> None:
    add_next_release(directory)
    schemas = Schemas.load(directory)
    assert schemas.for_sending("xmeld", date(2026, 4, 30)).version == "25.11a"
    assert schemas.for_sending("xmeld", date(2026, 5, 1)).version == "26.05"
    schemas.for_sending("xmeld", date(2026, 5, 1)).validate(in_release(NEXT, "26.05"))


def test_a_message_is_read_by_its_own_release_until_that_is_not_accepted_any_more(directory: Path) -> None:
    add_next_release(directory)
    schemas = Schemas.load(directory)
    old, new = content(messages.order()), in_release(NEXT, "26.05")
    assert schemas.for_reading(old, date(2026, 5, 31)).version == "25.11a"
    assert schemas.for_reading(new, date(2026, 5, 31)).version == "26.05"
    with pytest.raises(InvalidMessageError, match="V000"):
        schemas.for_reading(old, date(2026, 6, 1))


def test_namespace_and_version_of_different_releases_do_not_go_together(directory: Path) -> None:
    add_next_release(directory)
    mixed = in_release(NEXT, "25.11a")
    package = Schemas.load(directory).for_reading(mixed, date(2026, 5, 2))
    with pytest.raises(InvalidMessageError, match=r"@version: xsd\.fixed"):
        package.validate(mixed)


def test_an_unknown_namespace_is_a_version_that_is_not_served() -> None:
    for message in (b"<a/>", in_release("http://www.osci.de/xmeld9911", "99.11")):
        with pytest.raises(InvalidMessageError) as caught:
            Schemas.load().for_reading(message, date(2026, 3, 2))
        assert [(one.path, one.rule) for one in caught.value.violations] == [("/", "V000")]


def test_a_changed_file_is_refused_until_it_is_sealed(directory: Path) -> None:
    rules = directory / "xmeld" / "25.11a" / "rules.toml"
    rules.write_text(rules.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="sha256"):
        Schemas.load(directory)
    manifest.seal(directory)
    Schemas.load(directory)


def outside(directory: Path) -> None:
    shutil.copy(directory / "xoev" / "code" / "1.0" / "xoev-code.xsd", directory.parent / "outside.xsd")
    file = directory / "xmeld" / "25.11a" / "codes.xsd"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("../../xoev/code/1.0/xoev-code.xsd", "../../../outside.xsd"), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda d: (d / "packages.toml").unlink(), "cannot be read"),
        (lambda d: (d / "xmeld" / "25.11a" / "codes.xsd").unlink(), "cannot be read"),
        (lambda d: (d / "xmeld" / "25.11a" / "rules.toml").unlink(), "cannot be read"),
        (lambda d: edit(d, 'version = "25.11a"', ""), "missing.*version"),
        (lambda d: edit(d, 'version = "25.11a"', 'version = "25.11a"\nwho = "?"'), "unknown.*who"),
        (lambda d: edit(d, "2025-11-01", '"2025-11-01"'), "without quotes"),
        (lambda d: edit(d, "valid_from =", "valid_until = 2025-10-31\nvalid_from ="), "before valid_from"),
        (lambda d: edit(d, "valid_from =", "accept_until = 2026-10-31\nvalid_from ="), "before valid_until"),
        (outside, "outside"),
    ],
)
def test_a_package_that_cannot_be_used_is_refused_when_loading(
    directory: Path, change: Callable[[Path], object], complaint: str
) -> None:
    change(directory)
    with pytest.raises(ConfigurationError, match=complaint):
        Schemas.load(directory)


def test_two_releases_for_one_day_are_refused_when_loading(directory: Path) -> None:
    add_next_release(directory)
    edit(directory, "valid_until = 2026-04-30", "valid_until = 2026-05-01")
    with pytest.raises(ConfigurationError, match="same day"):
        Schemas.load(directory)


def official_folder(tmp_path: Path, schema: str) -> Path:
    folder = tmp_path / "official"
    (folder / "xmeld" / "25.11a").mkdir(parents=True)
    (folder / "xmeld" / "25.11a" / "xinneres.xmeld.xsd").write_text(schema, encoding="utf-8")
    (folder / "any.xsd").write_text(
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{messages.NAMESPACE}">'
        '<xs:complexType name="Any"><xs:sequence><xs:any processContents="skip" maxOccurs="unbounded"/></xs:sequence>'
        '<xs:anyAttribute processContents="skip"/></xs:complexType></xs:schema>',
        encoding="utf-8",
    )
    (folder / "catalog.xml").write_text(
        '<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">'
        '<system systemId="http://www.osci.de/any.xsd" uri="any.xsd"/></catalog>',
        encoding="utf-8",
    )
    return folder


def schema_with(location: str, name: str) -> str:
    return (
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:x="{messages.NAMESPACE}" '
        f'targetNamespace="{messages.NAMESPACE}"><xs:include schemaLocation="{location}"/>'
        f'<xs:element name="{name}" type="x:Any"/></xs:schema>'
    )


def test_an_official_package_is_found_through_its_catalog_and_has_the_last_word(tmp_path: Path) -> None:
    order = etree.QName(messages.order()).localname
    folder = official_folder(tmp_path, schema_with("http://www.osci.de/any.xsd", order))
    package = Schemas.load(official=folder).for_sending("xmeld", date(2026, 3, 2))
    assert package.checked_officially
    package.validate(content(messages.order()))
    with pytest.raises(InvalidMessageError, match=r"official\.xsd\.unexpected_root"):
        package.validate(content(messages.refusal_answer()))


def test_received_messages_are_not_asked_of_the_official_package(tmp_path: Path) -> None:
    folder = official_folder(tmp_path, schema_with("http://www.osci.de/any.xsd", "other"))
    message = content(messages.refusal_answer())
    Schemas.load(official=folder).for_reading(message, date(2026, 3, 2)).validate(message)


def test_a_folder_without_this_package_leaves_the_profile_alone(tmp_path: Path) -> None:
    folder = official_folder(tmp_path, "")
    (folder / "xmeld" / "25.11a" / "xinneres.xmeld.xsd").unlink()
    assert not Schemas.load(official=folder).packages[0].checked_officially


@pytest.mark.parametrize(
    ("schema", "complaint"),
    [
        ("<broken", "does not compile"),
        (schema_with("http://www.osci.de/elsewhere.xsd", "x"), "http://www.osci.de/elsewhere.xsd"),
    ],
)
def test_an_official_package_that_cannot_be_used_is_named(tmp_path: Path, schema: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        Schemas.load(official=official_folder(tmp_path, schema))


def test_an_official_folder_needs_a_catalog(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"catalog\.xml"):
        Schemas.load(official=tmp_path)
