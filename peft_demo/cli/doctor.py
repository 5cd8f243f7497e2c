"""The command that says what is wrong."""

from __future__ import annotations

import getpass
import importlib.metadata
import platform
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import psutil
import typer
from packaging.requirements import Requirement

from peft_demo import settings
from peft_demo.cli.arguments import AsJson
from peft_demo.cli.output import answer
from peft_demo.errors import PeftDemoError
from peft_demo.runs import ImportedConfig, Run, RunKind
from peft_demo.runs.presets import REFERENCES
from peft_demo.storage import Store
from peft_demo.storage import doctor as of_store
from peft_demo.storage.doctor import Finding
from peft_demo.storage.unrecorded import bring_in

commands = typer.Typer()

REQUIREMENTS = settings.ADAPTERS.parent / "requirements.txt"


@commands.command()
def doctor(
    mend: Annotated[
        bool, typer.Option("--mend", help="Put right what can be; what is replaced is kept.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong with the runs, the machine or the installation; 1 if anything is."""
    home = settings.home()
    findings = [_machine(), *_installation(), *of_store.examine(home, mend=mend)]
    is_sound = all(each.state != "bad" for each in findings if each.subject == "database")
    if mend and is_sound:
        findings = [*_adopted(home, findings)]
    lines = [f"{each.state:7} {each.subject}: {each.words}" for each in findings]
    answer(as_json, [each.model_dump() for each in findings], lines)
    if any(each.state == "bad" for each in findings):
        raise typer.Exit(1)


def _machine() -> Finding:
    memory = psutil.virtual_memory()
    words = (
        f"Python {platform.python_version()}, {psutil.cpu_count(logical=False)} cores, "
        f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB of memory free."
    )
    return Finding(subject="machine", state="good", words=words)


def _installation() -> Iterator[Finding]:
    from peft_demo.data import builtin as reviews
    from peft_demo.models import builtin as base
    from peft_demo.storage.reference_runs import read_references

    wrong = [*_wrong_packages()]
    words = "; ".join(wrong) or "All packages are those of requirements.txt."
    yield Finding(subject="packages", state="bad" if wrong else "good", words=words)
    for subject, find in (("base model", base.packaged), ("reviews", reviews.packaged)):
        try:
            found = Finding(subject=subject, state="good", words=f"{find()} is whole.")
        except PeftDemoError as error:
            found = Finding(subject=subject, state="bad", words=str(error))
        yield found
    there = len(read_references(settings.ADAPTERS))
    is_whole = there == len(REFERENCES)
    words = f"{there} of {len(REFERENCES)} reference runs can be read."
    yield Finding(subject="references", state="good" if is_whole else "bad", words=words)


def _wrong_packages() -> Iterator[str]:
    try:
        lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return  # installed without it
    for line in lines:
        if not (text := line.partition("#")[0].strip()):
            continue
        wanted = Requirement(text)
        try:
            there = importlib.metadata.version(wanted.name).partition("+")[0]
        except importlib.metadata.PackageNotFoundError:
            there = "none"
        if there == "none" or not wanted.specifier.contains(there, prereleases=True):
            allowed = f"{wanted.name} must be {wanted.specifier}"
            yield f"{allowed}, got {there}: pip install -r requirements.txt"


def _adopted(home: Path, findings: list[Finding]) -> Iterator[Finding]:
    """Bring in what no record knows of, as an adapter from elsewhere: queued for its test."""
    found = [each for each in of_store.unrecorded_in(home) if each.can_be_adopted]
    lost = {each.name: home / each.name for each in found}
    store = Store(home) if lost else None
    for finding in findings:
        if store is None or finding.subject not in lost:
            yield finding
            continue
        folder = lost[finding.subject]
        try:
            run_id = bring_in(folder, partial(_submitted, store)).run_id
        except PeftDemoError as error:
            yield finding.model_copy(update={"words": f"{folder} cannot be brought in: {error}"})
            continue
        words = (
            f"{folder} was brought in as {run_id}, which waits for its test. Until an hour after, "
            "the teacher's panel can put it back."
        )
        yield finding.model_copy(update={"state": "mended", "words": words})
    if store is not None:
        store.close()


def _submitted(store: Store, config: ImportedConfig, files: Path) -> Run:
    return store.submit(config, getpass.getuser(), RunKind.IMPORTED, files)
