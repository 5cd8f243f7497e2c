"""What a try left on a form is gone as soon as the next one begins."""

import json
from itertools import takewhile

from peft_demo.ui.page import build

SIDEBAR = ["import-notes", "start-message", "base-model-problem", "dataset-problem"]
IMPORT = ["imported", "adapter-adapter-problem", "adapter-dataset-problem", "adapter-name-problem"]

TRIES = {
    ("start", "click"): SIDEBAR,
    ("find-rate", "click"): SIDEBAR,
    ("queue-all", "click"): SIDEBAR,
    ("paste-button", "click"): [*SIDEBAR, "paste-choice"],
    ("header", "again"): SIDEBAR,
    ("header", "asked"): SIDEBAR,
    ("adapter-import", "click"): IMPORT,
    ("adapter-file", "upload"): IMPORT,
}
"""What begins a try, and where the ones before may have left something."""


def test_a_new_try_empties_what_the_ones_before_left(services):
    config = build(services).get_config_file()
    for each in TRIES:
        check(config, each)


def check(config, each):
    ids = {part["id"]: part["props"].get("elem_id") for part in config["components"]}
    shown = {part["id"]: part["props"].get("visible") for part in config["components"]}
    name, event = each
    mine = [
        dependency
        for dependency in config["dependencies"]
        if any(ids.get(of) == name and what == event for of, what in dependency["targets"])
    ]
    # Gradio runs them in their order: what empties comes before what fills.
    emptying = list(takewhile(lambda dependency: not dependency["backend_fn"], mine))
    assert len(mine) > len(emptying)
    emptied = {}
    for dependency in emptying:
        drawn = json.loads(dependency["js"].removeprefix("() => "))
        emptied |= dict(zip(dependency["outputs"], drawn, strict=True))
    assert set(TRIES[each]) <= {ids[part] for part in emptied}
    for part, update in emptied.items():
        assert not update["value"]
        assert update["visible"] == shown[part]
