"""Runs that share their steps, and the same runs alone."""

import threading

import numpy as np
from small_runs import Recorder

from peft_demo.errors import DivergedError, RunCancelledError
from peft_demo.training import loop, vmapped


def in_one_pass(configs, folder, stop_after=()):
    """Train runs in a thread each, meeting at each step; what they reported, and their results."""
    meeting = vmapped.OnePass(len(configs))
    recorders = [Recorder(*stop_after[place : place + 1]) for place in range(len(configs))]
    results = [None] * len(configs)

    def train(place):
        own = folder / f"{place}"
        own.mkdir(parents=True)
        try:
            with meeting.member(place) as member:
                results[place] = loop.train(configs[place], own, recorders[place], member=member)
        except RunCancelledError:
            results[place] = "cancelled"
        except DivergedError:
            results[place] = "diverged"

    threads = [threading.Thread(target=train, args=(place,)) for place in range(len(configs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return recorders, results


def alone(config, folder):
    folder.mkdir(parents=True)
    recorder = Recorder()
    return recorder, loop.train(config, folder, recorder)


def losses(recorder):
    return np.array(
        [step.loss for step in recorder.steps] + [epoch.eval_loss for epoch in recorder.epochs]
    )
