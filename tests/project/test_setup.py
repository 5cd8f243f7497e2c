"""The pure parts of what make runs before anything is installed. No network."""

import sys
from pathlib import Path

import install_chromium
import pytest
import setup_environment as setup
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]


def report_of(*requires_dist: str) -> dict:
    """Return what pip reports for torch, reduced to what is read of it."""
    return {"install": [{"metadata": {"name": "torch", "requires_dist": list(requires_dist)}}]}


class TestBringsCuda:
    def test_cpu_build_does_not(self):
        assert not setup.brings_cuda(report_of("filelock", "sympy>=1.13.3", "jinja2"))

    @pytest.mark.parametrize(
        "requirement",
        [
            "nvidia-cudnn-cu13==9.20.0.48",
            "cuda-toolkit[cublas,cudart]==13.0.3",
            "triton==3.7.1",
        ],
    )
    def test_cuda_build_does(self, requirement):
        here = f'{requirement}; sys_platform == "{sys.platform}"'
        assert setup.brings_cuda(report_of("filelock", here))

    def test_packages_for_other_platforms_do_not_count(self):
        elsewhere = 'nvidia-cudnn-cu13==9.20.0.48; sys_platform == "elsewhere"'
        assert not setup.brings_cuda(report_of("filelock", elsewhere))

    def test_optional_extras_do_not_count(self):
        assert not setup.brings_cuda(report_of('triton>=3; extra == "compile"'))

    def test_package_without_dependencies(self):
        assert not setup.brings_cuda({"install": [{"metadata": {"name": "torch"}}]})


class TestMissingPrerequisite:
    @pytest.mark.parametrize("version", [(3, 11), (3, 14)])
    def test_nothing_missing(self, version):
        assert setup.missing_prerequisite(version, lambda name: True) is None

    @pytest.mark.parametrize("version", [(3, 10), (3, 15), (4, 0)])
    def test_unsuitable_python(self, version):
        sentence = setup.missing_prerequisite(version, lambda name: True)
        assert sentence
        assert "needs Python 3.11 to 3.14" in sentence
        assert f"this is {version[0]}.{version[1]}" in sentence

    @pytest.mark.parametrize("missing", ["venv", "ensurepip"])
    def test_debians_split_venv(self, missing):
        sentence = setup.missing_prerequisite((3, 12), lambda name: name != missing)
        assert sentence
        assert "apt install python3.12-venv" in sentence

    def test_makefile_states_the_same_range(self):
        newest = setup.NEWEST_PYTHON[1]
        makefile = (ROOT / "Makefile").read_text()
        assert f"(3, {setup.OLDEST_PYTHON[1]}) <= sys.version_info[:2] < (3, {newest + 1})" in (
            makefile
        )
        assert f"needs Python 3.{setup.OLDEST_PYTHON[1]} to 3.{newest}" in makefile


class TestBackend:
    @pytest.fixture(autouse=True)
    def no_choice(self, monkeypatch, tmp_path):
        monkeypatch.delenv("TORCH_BACKEND", raising=False)
        monkeypatch.setattr(setup, "BACKEND_RECORD", tmp_path / "torch-backend")

    def test_is_cpu_by_default(self):
        assert setup.wanted_backend() == "cpu"

    def test_stays_what_was_installed(self):
        setup.BACKEND_RECORD.write_text("cu130\n")
        assert setup.wanted_backend() == "cu130"

    def test_can_be_chosen(self, monkeypatch):
        setup.BACKEND_RECORD.write_text("cpu\n")
        monkeypatch.setenv("TORCH_BACKEND", "auto")
        assert setup.wanted_backend() == "auto"


class TestInstallTorch:
    """Which installer gets to install PyTorch; nothing is installed."""

    @pytest.fixture
    def commands(self, monkeypatch):
        called = []

        def record(command, **options):
            called.append(" ".join(command[1:]))
            return setup.subprocess.CompletedProcess(command, 0)

        monkeypatch.setattr(setup.subprocess, "run", record)
        monkeypatch.setattr(setup.importlib.metadata, "version", lambda name: "2.12.0")
        return called

    def test_pip_where_its_build_is_the_cpu_build(self, commands, monkeypatch):
        monkeypatch.setattr(setup, "pip_would_bring_cuda", lambda requirement: False)
        setup.install_torch("torch==2.13.0", "cpu")
        assert [command.split()[1] for command in commands] == ["pip"]
        assert commands[-1].endswith("torch==2.13.0")

    def test_uv_where_pip_would_bring_cuda(self, commands, monkeypatch):
        monkeypatch.setattr(setup, "pip_would_bring_cuda", lambda requirement: True)
        setup.install_torch("torch==2.13.0", "cpu")
        assert commands[-1].startswith("-m uv pip install")
        assert commands[-1].endswith("--torch-backend cpu torch==2.13.0")

    def test_uv_for_a_chosen_backend(self, commands):
        setup.install_torch("torch==2.13.0", "cu130")
        assert commands[-1].endswith("--torch-backend cu130 torch==2.13.0")

    @pytest.mark.parametrize("version", ["2.13.0", "2.13.0+cpu"])
    def test_nobody_where_it_is_installed(self, commands, monkeypatch, version):
        monkeypatch.setattr(setup.importlib.metadata, "version", lambda name: version)
        setup.install_torch("torch==2.13.0", "cpu")
        assert commands == []

    def test_pip_when_asked_for(self, commands):
        setup.install_torch("torch==2.13.0", "pip")
        assert [command.split()[1] for command in commands] == ["pip"]


class TestRequirements:
    def test_torch_is_found_without_its_comment(self):
        assert setup.torch_requirement("numpy==2\ntorch==2.13.0  # trains\n") == "torch==2.13.0"

    def test_torch_has_to_be_pinned(self):
        with pytest.raises(setup.SetupError, match="does not pin torch"):
            setup.torch_requirement("torchvision==1\ntorch>=2\n")


def fake_browser(folder: Path, name: str, exit_code: int = 0) -> Path:
    browser = folder / name
    browser.write_text(f"#!/bin/sh\necho Chromium 1.2.3\nexit {exit_code}\n")
    browser.chmod(0o755)
    return browser


class TestFindChromium:
    def test_by_name_on_path(self, tmp_path):
        browser = fake_browser(tmp_path, "google-chrome")
        names = ["chromium", "google-chrome"]
        assert install_chromium.find_chromium(names, str(tmp_path)) == str(browser)

    def test_by_absolute_path(self, tmp_path):
        browser = fake_browser(tmp_path, "Chromium")
        assert install_chromium.find_chromium([str(browser)], "") == str(browser)

    def test_one_that_does_not_run_is_passed_over(self, tmp_path):
        fake_browser(tmp_path, "chromium", exit_code=1)
        good = fake_browser(tmp_path, "chromium-browser")
        names = ["chromium", "chromium-browser"]
        assert install_chromium.find_chromium(names, str(tmp_path)) == str(good)

    def test_none_where_there_is_none(self, tmp_path):
        assert install_chromium.find_chromium(["chromium"], str(tmp_path)) is None


class TestInstallChromium:
    def test_root_on_debian_tries_apt_then_playwright(self):
        apt, playwright = install_chromium.installers(is_root=True, has_apt=True)
        assert [command[0] for command in apt] == ["apt-get", "apt-get"]
        assert playwright[0][1:] == ["-m", "playwright", "install", "chromium"]

    @pytest.mark.parametrize(("is_root", "has_apt"), [(False, True), (True, False)])
    def test_others_use_playwright(self, is_root, has_apt):
        (playwright,) = install_chromium.installers(is_root, has_apt)
        assert playwright[0][1:3] == ["-m", "playwright"]

    def test_failure_is_a_sentence_and_not_a_skip(self, monkeypatch, capsys):
        monkeypatch.setattr(install_chromium, "has_browser", lambda: False)
        monkeypatch.setattr(install_chromium, "installers", lambda *_: [[["false"]]])
        assert install_chromium.main() == 1
        assert "install it" in capsys.readouterr().err


def test_an_audit_does_not_pass_what_could_not_be_checked(capsys):
    import audit

    skipped = {"name": "torch", "skip_reason": "not found"}
    fault = {"id": "PYSEC-1", "fix_versions": ["2.0"]}
    bad = {"name": "x", "version": "1.0", "vulns": [fault]}
    good = {"name": "y", "version": "1.0", "vulns": []}
    assert audit.told([skipped, skipped]) == 2
    assert capsys.readouterr().err == f"{audit.NO_NETWORK}\n"
    assert audit.told([good, skipped]) == 0
    assert capsys.readouterr().out == "Known faults: 0 in 1 pins.\nNot checked: torch.\n"
    assert audit.told([good, bad]) == 1
    assert "x 1.0: PYSEC-1, mended in 2.0" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_all_that_is_asked_for_is_locked_to_one_version(name):
    """``make`` installs the lock, so that no package changes unseen."""
    asked = [Requirement(line) for line in pins((ROOT / f"{name}.txt").read_text())]
    locked = [Requirement(line) for line in pins((ROOT / f"{name}.lock").read_text())]
    assert {len(each.specifier) for each in locked} == {1}
    assert all(str(each.specifier).startswith("==") for each in locked)
    versions = {canonicalize_name(each.name): str(each.specifier)[2:] for each in locked}
    assert len(asked) > 5
    for each in asked:
        # torch comes in the build that fits the machine.
        found = versions.get(canonicalize_name(each.name))
        assert each.name == "torch" or each.specifier.contains(found, prereleases=True), each


def pins(text):
    lines = (line.partition(" #")[0].strip() for line in text.splitlines())
    return [line for line in lines if line and line[0] not in "#-"]
