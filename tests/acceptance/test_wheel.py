"""The wheel holds everything: built, installed away from the repository, and the demonstration played from there."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not importlib.util.find_spec("pip"), reason="pip is missing (Debian: python3-pip)"),
    pytest.mark.skipif(
        not importlib.util.find_spec("hatchling"), reason="hatchling is missing (Debian: python3-hatchling)"
    ),
]


def pip(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", directory, REPOSITORY)
    (built,) = directory.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a new environment with the wheel in it; of the running one it sees the dependencies only.

    A ``.pth`` file names the running environment's packages. What ``.pth`` files lie there is not read through it, so
    the editable installation stays out of sight.
    """
    environment = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(environment, with_pip=False)
    pip("--python", environment / "bin" / "python", "install", "--no-deps", "--no-index", wheel)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return environment


def run(environment: Path, *arguments: str, directory: Path) -> subprocess.CompletedProcess[str]:
    command = [environment / "bin" / arguments[0], *arguments[1:]]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=120, check=False)


def test_the_program_runs_from_the_wheel_and_not_from_the_repository(installed: Path, tmp_path: Path) -> None:
    code = "import adapters, gateway.resources as ours; print(ours.__file__, adapters.__file__, ours.resource('xsd'))"
    ended = run(installed, "python", "-c", code, directory=tmp_path)
    places = [Path(place).resolve() for place in ended.stdout.split()]
    assert len(places) == 3, ended.stderr
    assert all(place.is_relative_to(installed.resolve()) for place in places)


def test_the_demonstration_plays_from_the_wheel_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    ended = run(installed, "gateway", "demo", "--json", directory=tmp_path)
    assert ended.returncode == 0, ended.stderr + ended.stdout
    said = json.loads(ended.stdout)
    assert (said["ok"], said["audit"], len(said["applications"])) == (True, "valid", 10)
    assert [file.name for file in tmp_path.iterdir()] == ["gateway-demo"]


def test_the_wheel_holds_data_and_licence_and_nothing_of_the_workshop(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"gateway", "adapters"}
    assert any(name.endswith("adapters/xta/service.wsdl") for name in names)
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert any(name.startswith("gateway/_data/xsd/") and name.endswith(".xsd") for name in names)
    assert [name for name in names if name.endswith((".key", ".p12", ".sqlite", ".pyc"))] == []
