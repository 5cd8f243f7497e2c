"""A race on its page: a strip for each racer, and what can be guessed about it."""

import json
import re

import pytest
from asking import ask

from peft_demo.runs import RunConfig, sweeps
from peft_demo.ui.pages.compare import ComparePage


@pytest.fixture
def layout(services):
    def of(*, race):
        plan = sweeps.plan(RunConfig().flat(), {"r": [1, 64]}, repeats=1, race=race)
        group, runs = services.store.submit_plan(plan, "me")
        answer = json.loads(ask(ComparePage(services), "group", {"group": group.group_id}))
        return answer["layout"], [run.run_id for run in runs]

    return of


def test_each_racer_has_a_strip_with_stop_and_the_strips_come_before_large_charts(layout):
    page, ids = layout(race=True)
    for run_id in ids:
        strip = page[page.index(f'data-run="{run_id}"') :].partition("</div>\n  </div>")[0]
        assert 'class="pd-now"' in strip
        for action, label in (("stop", "Stop"), ("keep", "Stop and keep")):
            assert re.search(f'data-action="{action}".+ data-can="{label} %', strip)
    assert (
        page.index("data-race")
        < page.index("min-height:380px")
        < page.index('data-plot="accuracy"')
    )


def test_every_configuration_can_be_guessed_and_that_no_difference_will_be_shown(layout):
    page, _ = layout(race=True)
    for guess in ("r 1", "r 64", "no difference shown"):
        assert f'<input type="radio" name="guess" value="{guess}">' in page


def test_what_is_no_race_has_neither(layout):
    assert "data-race" not in layout(race=False)[0]
