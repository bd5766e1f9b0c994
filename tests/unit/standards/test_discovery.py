"""A new standard is found by looking into the folder, without a change to any file that is there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import standards
from gateway.standards import reader_for

READS = """
def read(content): return content
READERS = {("urn:new", "answer.0001"): read}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(standards, "__path__", [*standards.__path__, str(tmp_path)])
    standards._readers.cache_clear()
    yield tmp_path
    standards._readers.cache_clear()
    for name in [name for name in sys.modules if name.startswith("gateway.standards.new")]:
        del sys.modules[name]


def test_a_new_package_is_found(folder: Path) -> None:
    (folder / "newstandard").mkdir()
    (folder / "newstandard" / "__init__.py").write_text(READS)
    assert reader_for("urn:new", "answer.0001") is not None


def test_two_standards_may_not_read_the_same_message(folder: Path) -> None:
    for name in ("newone", "newtwo"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(READS)
    with pytest.raises(ValueError, match="two standards read"):
        reader_for("urn:new", "answer.0001")
