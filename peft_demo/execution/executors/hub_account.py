"""Accounts at Hugging Face: what jobs there cost, and how one is started, heard and ended."""

from __future__ import annotations

import hashlib
import math
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peft_demo import hub, settings
from peft_demo.errors import AssetError
from peft_demo.execution.hub_worker import MOST_BYTES

BUCKET = "peft-demo-jobs"
"""The account's, private; made with the first job."""

MOUNT = "/mnt/peft-demo"
"""Where a job finds its folder of the bucket."""

LATE_SECONDS = 90.0
"""What a job has written into its folder is in the bucket by then."""

ENDING_SECONDS = 30.0
"""A job that was cancelled, or has told its end, is over by then."""

AGAIN_SECONDS = 0.5

GOING = ("SCHEDULING", "RUNNING")
"""Stages of a job that is not over."""

WHAT = "Hugging Face Jobs"


@dataclass(frozen=True)
class Price:
    """A kind of machine, and what it costs."""

    flavor: str
    machine: str
    """Its processor, memory and GPU, in words."""
    dollars_a_minute: float


def price(flavor: str) -> Price:
    """What the Hub asks now for one kind of machine.

    Raises:
        AssetError: it cannot be had.
    """
    from huggingface_hub import HfApi

    try:
        offered = HfApi(token=False).list_jobs_hardware()
    except Exception as error:  # the client has a dozen kinds, from DNS to JSON
        raise AssetError(hub.sentence(error, f"The price of {WHAT}", "be read")) from None
    found = next((one for one in offered if one.name == flavor), None)
    if found is None or found.unit_label != "minute":
        raise AssetError(f"{WHAT} cannot be used: the Hub states no price a minute for {flavor}.")
    gpu = found.accelerator
    parts = [found.cpu, found.ram, *([f"{gpu.quantity} × {gpu.model}"] if gpu else [])]
    return Price(flavor, ", ".join(parts), float(found.unit_cost_usd))


class Account:
    """Somebody's account. His token is in this object alone, and goes to the Hub alone.

    Args:
        name: of the account.
        token: one that may run jobs and write into buckets.
        until: when it ends, in seconds since 1970.
    """

    def __init__(self, name: str, token: str, until: float = math.inf) -> None:
        from huggingface_hub import HfApi
        from huggingface_hub.utils.tqdm import disable_progress_bars

        disable_progress_bars()
        self.name, self._until = name, until
        self._bucket = f"{name}/{BUCKET}"
        self._api = HfApi(token=token, library_name="peft_demo")

    @property
    def seconds_left(self) -> float:
        """How long the token may still be used."""
        return self._until - time.time()

    def put(self, files: Mapping[str, bytes]) -> None:
        """Put files into the bucket, which is made if it is not there.

        Raises:
            ValueError: others can see what is in it.
        """
        self._api.create_bucket(self._bucket, private=True, exist_ok=True)
        if not self._api.bucket_info(self._bucket).private:
            raise ValueError(f"the bucket {self._bucket} is public, and has to be private")
        self._api.batch_bucket_files(self._bucket, add=[(c, name) for name, c in files.items()])

    def begin(self, folder: str, module: str, flavor: str, seconds: int) -> str:
        """Start a job that runs a module of this program on a folder of the bucket; its id.

        From here on it is billed, for that many seconds at most.
        """
        from huggingface_hub import Volume

        volume = Volume(type="bucket", source=self._bucket, mount_path=MOUNT, path=folder)
        job = self._api.run_job(
            image=f"hf.co/spaces/{settings.space()}",
            # It is this Space's image, where everything lies as it does here.
            command=[sys.executable, "-m", module, MOUNT],
            env={"PYTHONPATH": str(settings.ADAPTERS.parent), **settings.of_numbers()},
            flavor=flavor,
            timeout=seconds,
            name="peft-demo",
            volumes=[volume],
            namespace=self.name,
        )
        return job.id

    def lines(self, job_id: str) -> Iterator[str]:
        """A job's log from its start, as it is written, until it is over."""
        yield from self._api.fetch_job_logs(job_id=job_id, namespace=self.name, follow=True)

    def state_of(self, job_id: str) -> tuple[str, str]:
        """A job's stage, and the Hub's words for it."""
        status = self._api.inspect_job(job_id=job_id, namespace=self.name).status
        return str(status.stage), status.message or str(status.stage).lower()

    def cancel(self, job_id: str) -> None:
        """End a job; one that is over stays as it is."""
        with suppress(Exception):  # then its time limit ends it
            self._api.cancel_job(job_id=job_id, namespace=self.name)

    def wait_for(self, job_id: str) -> None:
        """Return once a job is over, or has had time enough for it."""
        until = time.monotonic() + ENDING_SECONDS
        with suppress(Exception):  # nothing more can be done
            while time.monotonic() < until:
                if self.state_of(job_id)[0] not in GOING:
                    return
                time.sleep(AGAIN_SECONDS)

    def fetch(
        self, path: str, size: int | None = None, sha256: str = "", seconds: float = LATE_SECONDS
    ) -> bytes:
        """A file of the bucket, once it is there and whole.

        Raises:
            OSError: it is not there in time.
            ValueError: it is larger than may be.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                content = self._fetched(path, size)
            except ValueError:
                raise
            except Exception:  # the Hub is asked again
                content = None
            if content is not None and sha256 in ("", hashlib.sha256(content).hexdigest()):
                return content
            time.sleep(AGAIN_SECONDS)
        raise OSError(f"{path} did not come into the bucket")

    def clear(self, folder: str) -> None:
        """Remove a folder of the bucket."""
        with suppress(Exception):  # it is the account's, who can remove it too
            found = self._api.list_bucket_tree(self._bucket, folder, recursive=True)
            names = [one.path for one in found if one.type == "file"]
            self._api.batch_bucket_files(self._bucket, delete=names)

    def _fetched(self, path: str, size: int | None) -> bytes | None:
        found: list[Any] = [*self._api.get_bucket_paths_info(self._bucket, [path])]
        if not found or (size is not None and found[0].size != size):
            return None
        if found[0].size > MOST_BYTES:
            raise ValueError(f"{path} is larger than {MOST_BYTES:,} bytes")
        with tempfile.TemporaryDirectory() as scratch:
            local = Path(scratch) / "file"
            self._api.download_bucket_files(self._bucket, [(found[0], local)])
            return local.read_bytes()


def sentence(error: BaseException) -> str:
    """Why a job cannot be had."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status == 402:
        return f"{WHAT} cannot be used: the account has no credit left."
    if status == 403:
        return (
            f"{WHAT} cannot be used: signing in here gave no right to run jobs or to make a "
            "bucket, see docs/machines.md."
        )
    return hub.sentence(error, WHAT, "be used")
