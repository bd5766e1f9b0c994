"""A wrong configuration names file, key and reason; the demonstration's is right."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from gateway.errors import ConfigurationError
from gateway.resources import resource
from gateway.settings import adapter_module, load

DEMO = resource("config", "demo.toml")


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = DEMO.read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "gateway.toml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return file


def test_the_demonstration_names_all_19_administrations_and_marks_products_as_fictitious() -> None:
    settings = load(DEMO)
    assert len({one.administration for one in settings.destination}) == 19
    assert all("(fiktiv)" in (one.product or "") for one in settings.destination)


def test_paths_are_taken_from_the_files_folder(tmp_path: Path) -> None:
    settings = load(changed(tmp_path, "port = 8470", "port = 8480"))
    assert settings.areas.file == tmp_path / "areas" / "emsland.csv"
    assert settings.database.url == f"sqlite:///{tmp_path}/gateway.sqlite"
    assert settings.portal[0].token_hash_files == [tmp_path / "tokens" / "openrathaus-demo.sha256"]
    assert settings.connection["xta-demo"]["ca_file"] == tmp_path / "pki" / "ca.pem"


@pytest.mark.parametrize(
    ("old", "new", "key", "reason"),
    [
        ("port = 8470", "prot = 8470", "listen.prot", "Extra inputs"),
        ("port = 8470", 'port = "8470"', "listen.port", "valid integer"),
        ("port = 8470", "port = 0", "listen.port", "greater than"),
        ("test = true ", "", "test", "Field required"),
        ('connection = "xta-demo"', 'connection = "other"', "file", r"\[connection\.other\]"),
        ('id = "geeste"', 'id = "emsbueren"', "file", "stands twice"),
        ('administration = "034540010"', 'administration = "34540010"', "destination.0.administration", "pattern"),
        ('kind = "pkcs12"\nkey_file = "pki/seal-ec.p12"', 'kind = "pkcs12"', "signing", "key_file is missing"),
        ("valid_from = 2025-11-01", "valid_from = 2025-11-01\nvalid_until = 2025-10-01", "file", "before valid_from"),
        ("[listen]", "[listen", "file", "cannot be read"),
    ],
)
def test_a_mistake_is_named_with_its_key_and_reason(tmp_path: Path, old: str, new: str, key: str, reason: str) -> None:
    file = changed(tmp_path, old, new)
    with pytest.raises(ConfigurationError, match=reason) as refused:
        load(file)
    assert refused.value.file == str(file)
    assert refused.value.key == key


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not exist"):
        load(tmp_path / "gateway.toml")


@pytest.mark.parametrize("vendor", ["nobody", "xta.adapter", "../evil", "", 7])
def test_an_adapter_that_is_not_there_is_named(vendor: object) -> None:
    with pytest.raises(ConfigurationError) as refused:
        adapter_module("gateway.toml", "main", {"adapter": vendor})
    assert refused.value.key == "connection.main.adapter"


def test_the_demonstrations_file_is_what_its_command_makes(tmp_path: Path) -> None:
    namespace: dict[str, object] = {"__file__": str(tmp_path / "make_demo.py"), "__name__": "make_demo"}
    (tmp_path / "areas").mkdir()
    (tmp_path / "areas" / "emsland.csv").write_bytes(resource("config", "areas", "emsland.csv").read_bytes())
    exec(compile(resource("config", "make_demo.py").read_text(encoding="utf-8"), "make_demo.py", "exec"), namespace)
    namespace["main"]()  # type: ignore[operator]
    assert tomllib.loads((tmp_path / "demo.toml").read_text(encoding="utf-8")) == tomllib.loads(
        DEMO.read_text(encoding="utf-8")
    )
