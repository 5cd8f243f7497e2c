"""What spaces.GPU does of a call, as far as it can be had without the platform.

Each call forks a process, which gets the pickled arguments and sends back what it yields, pickled;
it is killed when the time is over that was asked for. Its errors have the platform's titles.
"""

import multiprocessing
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

_fork = multiprocessing.get_context("fork")


class PlatformError(Exception):
    """As gradio's, with a title."""

    def __init__(self, title, message):
        super().__init__(message)
        self.title = title


class Lent:
    """Wraps a generator function as the decorator does; ``quota`` is what a visitor has left.

    As many calls as ``busy`` find that another forks at this moment, as filelock says it.
    """

    def __init__(self, quota=10_000.0, limit=None, busy=0):
        self.quota, self.limit, self.busy = quota, limit, busy
        self.asked = []
        """The seconds of each call."""
        self.processes = []

    def __call__(self, task):
        def call(*arguments):
            seconds = arguments[-1]
            self.asked.append(seconds)
            if seconds > self.quota:
                raise PlatformError(
                    "ZeroGPU quota exceeded",
                    f"You have exceeded your ZeroGPU quota ({seconds:.0f}s requested vs. "
                    f"{self.quota:.0f}s left). Try again in 5:00:00.",
                )
            yield from self._forked(task, pickle.dumps(arguments), self.limit or seconds)

        return call

    def _forked(self, task, arguments, seconds):
        if len(self.asked) <= self.busy:
            raise RuntimeError("os.fork is unsafe while filelock is changing descriptor ownership")
        results, stopped = _fork.SimpleQueue(), _fork.Event()
        process = _fork.Process(
            target=_worker, args=(task, arguments, results, stopped), daemon=True
        )
        process.start()
        self.processes.append(process)
        timer = threading.Timer(seconds, process.kill)
        timer.start()

        def end_with_it():
            process.join()
            results.put(("aborted", None))

        threading.Thread(target=end_with_it, daemon=True).start()
        try:
            while True:
                kind, value = results.get()
                if kind == "aborted":
                    raise PlatformError("ZeroGPU worker error", "GPU task aborted")
                if kind == "error":
                    raise PlatformError("ZeroGPU worker error", value)
                if kind == "end":
                    return
                try:
                    yield pickle.loads(value)
                except GeneratorExit:
                    stopped.set()
                    while results.get()[0] not in ("end", "aborted", "error"):
                        pass
                    raise
        finally:
            timer.cancel()
            process.join(5)


def _worker(task, arguments, results, stopped):
    def iterate():
        generator = task(*pickle.loads(arguments))
        try:
            for value in generator:
                if stopped.is_set():
                    generator.close()
                    break
                results.put(("ok", pickle.dumps(value)))
        except Exception as error:
            results.put(("error", type(error).__name__))
            return
        results.put(("end", None))

    with ThreadPoolExecutor() as threads:
        threads.submit(copy_context().run, iterate)
