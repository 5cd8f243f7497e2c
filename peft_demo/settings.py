"""What the environment decides: one row a variable, and where the program's own files lie."""

import os
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Generic, TypeVar

from peft_demo.errors import refuse

_HOST_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")

_RAY_ADDRESS = re.compile(r"auto|local|(ray://)?(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}")

_ROOT = Path(__file__).resolve().parent.parent

ADAPTERS = _ROOT / "adapters"
"""The reference adapters that come with the program."""

BENCHMARKS = _ROOT / "benchmarks"
"""What was measured, and comes with the program."""


@dataclass(frozen=True)
class Choice:
    """A variable that is one of a few words; the first where nothing is set."""

    variable: str
    meaning: str
    choices: tuple[str, ...]
    most: int = 0
    """Where it may be a whole number from 1 as well, the largest."""

    @property
    def allowed(self) -> str:
        """What it may be, in words."""
        count = [f"a whole number between 1 and {self.most}"] if self.most else []
        *others, last = (*self.choices, *count)
        return f"{', '.join(others)} or {last}"

    def __call__(self) -> str:
        """Return what holds now; raises ``InvalidFieldsError`` where it is not allowed."""
        value = os.environ.get(self.variable) or self.choices[0]
        is_count = value.isascii() and value.isdigit() and 1 <= int(value[:9]) <= self.most
        if value not in self.choices and not is_count:
            came = f"{value[:40]!r}…" if len(value) > 40 else repr(value)
            refuse(self.variable, f"{self.variable} must be {self.allowed}, got {came}.")
        return value


_Default = TypeVar("_Default", Path, None)


@dataclass(frozen=True)
class Folder(Generic[_Default]):
    """A variable that names a folder; ``default`` where it is not set."""

    variable: str
    meaning: str
    default: _Default

    def __call__(self) -> Path | _Default:
        """Return the folder that holds now."""
        named = os.environ.get(self.variable)
        return Path(named).expanduser().absolute() if named else self.default


@dataclass(frozen=True)
class Names:
    """A variable that lists names of hosts; none where it is not set."""

    variable: str
    meaning: str
    allowed = "names with commas between"

    def __call__(self) -> tuple[str, ...]:
        """Return the names that hold now, in lower case; raises ``InvalidFieldsError``."""
        value = os.environ.get(self.variable, "")
        names = tuple(name.strip().lower() for name in value.split(",") if name.strip())
        for name in names:
            if not _HOST_NAME.fullmatch(name):
                refuse(self.variable, f"{self.variable} must be {self.allowed}, got {name[:80]!r}.")
        return names


@dataclass(frozen=True)
class RayAddress:
    """A variable that says where a Ray cluster is; empty where it is not set."""

    variable: str
    meaning: str
    allowed = "auto, local, HOST:PORT or ray://HOST:PORT"

    def __call__(self) -> str:
        """Return what holds now; raises ``InvalidFieldsError``, without the package ray too."""
        value = os.environ.get(self.variable, "")
        if value and not _RAY_ADDRESS.fullmatch(value):
            refuse(self.variable, f"{self.variable} must be {self.allowed}, got {value[:80]!r}.")
        if value and find_spec("ray") is None:
            refuse(
                self.variable,
                f"{self.variable} is {value}, and the package ray is not installed: "
                "make run RAY=1 installs it, or pip install -r requirements-ray.txt.",
            )
        return value


@dataclass(frozen=True)
class Password:
    """A variable that is a password; empty where none is set."""

    variable: str
    meaning: str
    allowed = "8 to 200 characters"

    def __call__(self) -> str:
        """Return what holds now; raises ``InvalidFieldsError``, which does not tell it."""
        value = os.environ.get(self.variable, "")
        if value and not 8 <= len(value) <= 200:
            refuse(self.variable, f"{self.variable} must be {self.allowed}, got {len(value)}.")
        return value


home = Folder(
    "PEFT_DEMO_HOME",
    "the folder that everything the program writes goes into",
    ADAPTERS / "runs",
)
bucket = Folder(
    "PEFT_DEMO_BUCKET",
    "a folder that outlives the machine, such as a Space's mounted bucket: finished runs, own data "
    "and copies of the database go there after each change, and come back into an empty home",
    None,
)
distilbert_folder = Folder(
    "PEFT_DEMO_DISTILBERT_FOLDER",
    "a local copy of distilbert-base-cased to use instead of the Hub's",
    None,
)
distilbert_uncased_folder = Folder(
    "PEFT_DEMO_DISTILBERT_UNCASED_FOLDER",
    "a local copy of distilbert-base-uncased to use instead of the Hub's",
    None,
)
imdb_folder = Folder(
    "PEFT_DEMO_IMDB_FOLDER",
    "a local copy of stanfordnlp/imdb to use instead of the Hub's",
    None,
)
forward = Choice(
    "PEFT_DEMO_FORWARD",
    "how networks compute: `fast` leaves out what nobody reads and draws dropout masks in a "
    "faster way, `transformers` does neither",
    ("fast", "transformers"),
)
repeats = Choice(
    "PEFT_DEMO_REPEATS",
    "how runs that differ by seed or learning rate are trained: `one_pass` computes their steps "
    "at once, `apart` trains one after another, `auto` does the former on a GPU only",
    ("auto", "one_pass", "apart"),
)
precision = Choice(
    "PEFT_DEMO_PRECISION",
    "the type of number to compute in; `auto` is `bfloat16` where the machine has instructions for "
    "it, else `float32`, as are predictions of single short reviews in any case",
    ("auto", "bfloat16", "float32"),
)
workers = Choice(
    "PEFT_DEMO_WORKERS",
    "where runs are trained: in a `thread` of the program, or in that many processes at a time; "
    "`auto` is a process for every two cores, two at least, where each has 1.5 GB of free memory, "
    "and a thread elsewhere, with one core, and with a GPU",
    ("auto", "thread"),
    most=64,
)
ray_address = RayAddress(
    "PEFT_DEMO_RAY_ADDRESS",
    "a Ray cluster whose machines train: `local` starts one on this machine, `auto` finds the one "
    "that this machine is in, `HOST:PORT` names it, and `ray://HOST:PORT` is for a program outside "
    "of it; `PEFT_DEMO_WORKERS` then says how many workers there are at most, `thread` that it is "
    "not used",
)
ray_cpus = Choice(
    "PEFT_DEMO_RAY_CPUS",
    "how many cores each worker of the Ray cluster has",
    ("2",),
    most=256,
)
ray_gpus = Choice(
    "PEFT_DEMO_RAY_GPUS",
    "how much of a GPU each worker of the Ray cluster has; with `0` it trains on the processor",
    ("0", "0.1", "0.125", "0.2", "0.25", "0.5", "1"),
)
jobs = Choice(
    "PEFT_DEMO_JOBS",
    "on a Space, whether who signed in may train as jobs on Hugging Face, on his own account and "
    "bill after he was told the price: `off`, or the kind of machine",
    (
        *("off", "cpu-basic", "cpu-upgrade", "cpu-performance"),
        *("t4-small", "l4x1", "a10g-small", "a100-large"),
    ),
)
features_mb = Choice(
    "PEFT_DEMO_FEATURES_MB",
    "how many megabytes of what frozen blocks make of texts a run remembers for its epochs, and "
    "each process for the runs to come, where nothing is dropped below the first adapter",
    ("256",),
    most=100_000,
)
journal = Choice(
    "PEFT_DEMO_JOURNAL",
    "how the database keeps its journal: `wal` lets others read while one writes, on a disk of the "
    "machine only; `delete` is for network and bucket mounts; `auto` goes by where the folder lies",
    ("auto", "wal", "delete"),
)
resume = Choice(
    "PEFT_DEMO_RESUME",
    "what becomes of runs that the end of the program interrupted: they wait until they are "
    "`asked` for, or go on by themselves when it starts again, `always` after a new checkpoint",
    ("asked", "always"),
)
lessons = Choice(
    "PEFT_DEMO_LESSONS",
    "how large the runs of lessons are: `full`, or `small` with the values that each lesson's file "
    "gives for a quick trial",
    ("full", "small"),
)

hosts = Names(
    "PEFT_DEMO_HOSTS",
    "names that the web app may be called by, beside `localhost`, this machine's name and all "
    "addresses in numbers; requests under other names are refused",
)

teacher_password = Password(
    "PEFT_DEMO_TEACHER_PASSWORD",
    "who signs in with it on the page may stop, change and delete everybody's runs for eight "
    "hours; without it the user of the machine may, at the machine only",
)
most = {
    name: Choice(
        f"PEFT_DEMO_MOST_{name.upper()}",
        f"{what}, a teacher's aside; on the page the teacher sets another",
        (default,),
        most=largest,
    )
    for name, what, default, largest in (
        ("waiting", "how many runs of one person may wait", "64", 10_000),
        ("minutes", "how many minutes of one person's runs may wait, as forecast", "480", 100_000),
        ("reviews", "how many texts a run may have", "any", 1_000_000),
        ("epochs", "how many epochs a run may have", "any", 1_000),
        ("tokens", "how many tokens of each text a run may read", "any", 10_000),
        ("repeats", "how many seeds of one configuration may be queued at once", "any", 64),
    )
}
"""What limits each person; see ``runs.classroom``."""
most_data = Choice(
    "PEFT_DEMO_MOST_DATA",
    "how many data sets of their own one person may keep, a teacher's aside",
    ("20",),
    most=10_000,
)
most_data_mb = Choice(
    "PEFT_DEMO_MOST_DATA_MB",
    "how many megabytes a file with own texts may have; one person may keep ten times as many",
    ("50",),
    most=2_000,
)
data_of_others = Choice(
    "PEFT_DEMO_DATA_OF_OTHERS",
    "whether the page and the API list the data sets that others added: `shown` or `hidden`",
    ("shown", "hidden"),
)
rate = Choice(
    "PEFT_DEMO_RATE",
    "how many requests a second of each visitor are answered on average; more are refused until "
    "he waits",
    ("10",),
    most=1_000,
)
metrics = Choice(
    "PEFT_DEMO_METRICS",
    "who may read `/health` and `/metrics`: programs `here`, on the machine itself, or `everyone`",
    ("here", "everyone"),
)
log = Choice(
    "PEFT_DEMO_LOG",
    "how the log is written: `text`, a line of JSON for each event with `json`, or `auto`: text on "
    "a terminal, JSON elsewhere while the web app is served",
    ("auto", "text", "json"),
)

SETTINGS: tuple[Choice | Folder[Path] | Folder[None] | Names | Password | RayAddress, ...] = (
    home,
    bucket,
    distilbert_folder,
    distilbert_uncased_folder,
    imdb_folder,
    forward,
    repeats,
    precision,
    workers,
    ray_address,
    ray_cpus,
    ray_gpus,
    jobs,
    features_mb,
    journal,
    resume,
    lessons,
    hosts,
    teacher_password,
    most_data,
    most_data_mb,
    data_of_others,
    rate,
    metrics,
    log,
    *most.values(),
)


def of_numbers() -> dict[str, str]:
    """Variables that numbers depend on, as they are here: for other machines that train."""
    return {setting.variable: setting() for setting in (forward, precision, repeats, features_mb)}


def space() -> str:
    """Owner and name of the Hugging Face Space that this is; empty elsewhere."""
    return os.environ.get("SPACE_ID", "")


def is_zero_gpu() -> bool:
    """Whether this is a Space that is lent GPUs for single calls only (ZeroGPU)."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def check() -> None:
    """Read them all: a wrong value would else come out in the middle of a training.

    Raises:
        InvalidFieldsError: one is not allowed.
    """
    for setting in SETTINGS:
        setting()
