"""transformers and peft: no two threads import them at once, whoever needs them first."""

import pytest
from small_runs import run_python

ALL_AT_ONCE = """
import threading, traceback

import peft_demo.ui.services  # as the app does before it has threads

def predict():
    from peft_demo import models
    models.load(models.BUILTIN_BASE)

def choose_the_hub():
    from peft_demo import errors, models
    try:
        models.load(models.HUB_BASE)
    except errors.AssetError:
        pass

def count():
    from peft_demo.adapters.forecast import forecast
    from peft_demo.runs import RunConfig
    forecast(RunConfig(method="ia3"), [])

def paste():
    from peft_demo.runs import reading
    reading.read("LoraConfig(r=4)")

def export():
    from peft_demo.export import code
    from peft_demo.runs import RunConfig
    code.export(RunConfig(), "script")

def compare():
    from peft_demo.comparison import text_baseline
    from peft_demo.runs import RunConfig
    text_baseline.measure(RunConfig(num_reviews=10, num_test_reviews=50))

def train():
    from peft_demo.training import loop
    from peft_demo.models.random_state import own_generators
    with own_generators(1):
        pass

jobs = [predict, choose_the_hub, count, paste, export, compare, train]
begin = threading.Barrier(len(jobs))

def run(job):
    begin.wait()
    try:
        job()
    except BaseException:
        traceback.print_exc()
        print("failed", job.__name__)

threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("done")
"""


@pytest.mark.slow
def test_threads_may_need_them_at_the_same_time(tmp_path):
    done = run_python(ALL_AT_ONCE, tmp_path, HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path / "hub"))
    assert done.stdout.split() == ["done"], done.stderr
