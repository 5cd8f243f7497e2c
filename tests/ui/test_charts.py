"""The figures that the server makes for Plotly."""

import json
import re

import pytest
from asking import ask
from compared_runs import finished_group

from peft_demo.comparison.facts import Axis, Baseline, Cell, Measure, Pareto
from peft_demo.data import DATASETS, DEFAULT_DATASET
from peft_demo.runs import RunConfig
from peft_demo.runs.results import RangeTest
from peft_demo.statistics import Estimate, Interval
from peft_demo.ui.charts.costs import axis_for, costs
from peft_demo.ui.charts.figure import (
    Point,
    drawn,
    lines_to_beat,
)
from peft_demo.ui.html import render
from peft_demo.ui.pages.compare import ComparePage
from peft_demo.ui.pages.runs import RunsPage


def line(name, accuracy, detail=""):
    return Baseline(name=name, detail=detail, accuracy=accuracy, low=0, high=1, run_ids=("a",))


def accuracy_of(axes, cells, lines):
    return drawn("heat_map" if len(axes) > 1 else "sweep", axes=axes, cells=cells, lines=lines)


LINES = lines_to_beat(
    [
        line("Majority class", 0.5),
        line("TF-IDF + logistic regression", 0.6, "160 reviews of 50 tokens"),
        line("TF-IDF + logistic regression", 0.8, "2,000 reviews of 50 tokens"),
    ]
)
NASTY = "<b>A & B"


def around(value):
    return Interval(value=value, low=value - 0.05, high=value + 0.05)


def plain(text):
    return text.replace("\u00a0", " ")


def cell(r, accuracy, seeds=("run-000001",), **more):
    return Cell(
        cell_id=f"cell-{r}",
        name=f"r {r}",
        values={"r": r, **more},
        run_ids=seeds,
        num_finished=1,
        accuracy=accuracy,
        log_loss=None,
        lowest=None,
        highest=None,
    )


def test_baselines_of_one_name_are_told_apart():
    labels = [plain(line["label"]) for line in LINES]
    assert labels == [
        "Guessing 50.0 %",
        "TF-IDF (160 reviews) 60.0 %",
        "TF-IDF (2,000 reviews) 80.0 %",
    ]
    assert [line["dash"] for line in LINES] == ["dot", "dash", "dash"]


@pytest.mark.parametrize(
    ("values", "span"), [((0.6, 0.62, 0.61), (0.56, 0.66)), ((0.5, 0.9, 0.6), (0.5, 0.9))]
)
def test_colours_span_an_interval_at_least_so_that_noise_does_not_look_like_a_signal(values, span):
    axis = Axis(field="r", label="Rank", values=("2", "8", "9"), numbers={"2": 2, "8": 8, "9": 9})
    cells = [cell(r, around(v)) for r, v in zip(axis.values, values, strict=True)]
    (trace,) = accuracy_of([axis, axis], cells, [])["traces"]
    assert (trace["zmin"], trace["zmax"]) == pytest.approx(span)


def test_a_forest_has_runs_in_their_looks_and_names_that_are_no_markup():
    points = [
        Point("a", NASTY, "run-000001", around(0.7)),
        Point("b", "waits", "run-000002", None),
    ]
    found = drawn("forest", points=points, lines=LINES)
    assert plain(found["label"]).startswith(
        f"Test accuracy with 95 % intervals: {NASTY} 70.0 % (65.0 % to 75.0 %). Baselines: Guess"
    )
    (trace,) = found["traces"]
    assert trace["marker"] == {
        "color": {"$colour": "run-000001"},
        "symbol": {"$marker": "run-000001"},
        "size": 11,
    }
    assert trace["name"] == "&lt;b&gt;A &amp; B"
    assert trace["error_x"]["array"] == trace["error_x"]["arrayminus"] == [pytest.approx(0.05)]
    texts = [plain(each["text"]) for each in found["layout"]["annotations"]]
    assert texts == [
        "Guessing 50.0 %",
        "TF-IDF (160 reviews) 60.0 %",
        "TF-IDF (2,000 reviews) 80.0 %",
        trace["name"],
    ]
    assert len(found["layout"]["shapes"]) == 3
    assert found["layout"]["xaxis"]["range"] == pytest.approx([0.46, 0.84])
    empty = drawn("forest", points=points[1:], lines=[])
    assert empty["sentence"] == "No run has a test result yet."


def test_a_sweep_stands_on_an_axis_of_numbers_or_of_names():
    axis = Axis(field="r", label="Rank <r>", values=("2", "64"), numbers={"2": 2, "64": 64})
    cells = [cell("2", around(0.6)), cell("64", around(0.7)), cell("8", None)]
    found = accuracy_of([axis], cells, LINES)
    assert found["layout"]["xaxis"]["type"] == "log"
    assert found["layout"]["xaxis"]["title"]["text"] == "Rank &lt;r&gt;"
    (trace,) = found["traces"]
    assert (trace["x"], trace["y"], trace["mode"]) == ([2, 64], [0.6, 0.7], "lines+markers")
    assert found["layout"]["xaxis"]["ticktext"] == ["2", "64"]
    assert len(found["lines"]) == 3
    named = accuracy_of([axis.model_copy(update={"numbers": {}})], cells, [])
    assert named["layout"]["xaxis"]["type"] == "category"
    assert named["traces"][0]["mode"] == "markers"
    assert "sentence" in accuracy_of([axis], [cell("8", None)], [])


def test_a_heat_map_writes_accuracies_into_its_cells():
    across = Axis(field="r", label="Rank", values=("2", "8"), numbers={"2": 2, "8": 8})
    down = Axis(field="m", label="Modules", values=("q & k", "all"), numbers={})
    found = accuracy_of([across, down], [cell("2", around(0.6), m="q & k")], [])
    (trace,) = found["traces"]
    assert trace["z"] == [[0.6, None], [None, None]]
    assert [[plain(text) for text in row] for row in trace["text"]] == [
        ["60.0 %<br>± 5.0", "–"],
        ["–", "–"],
    ]
    assert trace["y"] == ["q &amp; k", "all"]
    assert trace["hovertemplate"] == "Rank %{x}, Modules %{y}: %{text}<extra></extra>"
    assert "sentence" in accuracy_of([across, down], [cell("2", None, m="all")], [])


class TestCosts:
    POINTS = tuple(Point(key, key.upper(), f"run-{key}", None) for key in "abc")

    def pareto(self):
        accuracy = {key: around(value) for key, value in zip("abc", (0.7, 0.8, 0.75), strict=True)}
        size = {key: Estimate(value=value) for key, value in zip("ab", (1e6, 5.3e6), strict=True)}
        measures = [
            ("accuracy", "Test accuracy", "share", accuracy, {}),
            ("file_bytes", "File size", "bytes", size, {"c": "C was trained elsewhere."}),
        ]
        names = ("key", "label", "unit", "values", "missing")
        return Pareto(
            measures=tuple(
                Measure(**dict(zip(names, each, strict=True)), smaller_is_better=n > 0)
                for n, each in enumerate(measures)
            ),
            frontiers={
                "accuracy|file_bytes": ("b",),
                "accuracy|accuracy": ("b",),
                "file_bytes|file_bytes": ("a",),
            },
        )

    def test_the_frontier_stands_out_and_who_is_missing_is_told(self):
        found = costs(self.POINTS, self.pareto(), "file_bytes", "accuracy", True)
        assert plain(found["label"]) == (
            "Test accuracy against File size. On the frontier: B: 5.3 MB, 80.0 %. "
            "Beaten in both: A: 1.0 MB, 70.0 %."
        )
        line, a, b = found["traces"]
        assert (line["x"], line["line"]["shape"]) == ([pytest.approx(6.724, abs=1e-3)], "hv")
        assert [a["marker"]["color"], b["marker"]["color"]] == ["#8b97a8", {"$colour": "run-b"}]
        assert [a[bars]["visible"] for bars in ("error_x", "error_y")] == [False, True]
        assert a["hovertemplate"].endswith("<br>beaten in both<extra></extra>")
        assert found["layout"]["xaxis"]["title"]["text"] == "File size (MB)"
        assert found["layout"]["xaxis"]["ticktext"][:3] == ["1", "2", "5"]
        html = render("compare/missing", pareto=self.pareto(), over=("file_bytes", "accuracy"))
        assert html.strip() == "Not drawn: C was trained elsewhere."

    def test_how_it_was_before_the_last_points_came_is_faint(self):
        before = self.pareto().model_copy(update={"frontiers": {"accuracy|file_bytes": ("a",)}})
        asked = ("file_bytes", "accuracy", True)
        earlier, line, *points = costs(self.POINTS, self.pareto(), *asked, [before])["traces"]
        assert (earlier["x"], len(points)) == ([6.0], 2)
        assert earlier["opacity"] < line["opacity"] == 1
        # One that was the same is drawn once.
        same = costs(self.POINTS, self.pareto(), *asked, [self.pareto()])["traces"]
        assert len(same) == 1 + len(points)

    def test_measures_are_asked_for_in_any_order_and_twice_the_same(self):
        for across, up, frontier in [
            ("accuracy", "file_bytes", "B"),
            ("file_bytes", "file_bytes", "A"),
            ("no such measure", "accuracy", "B"),
        ]:
            found = costs(self.POINTS, self.pareto(), across, up, False)
            assert f"On the frontier: {frontier}:" in found["label"]

    def test_no_run_with_both_is_a_sentence(self):
        found = costs(self.POINTS[2:], self.pareto(), "file_bytes", "accuracy", True)
        assert found["sentence"] == "No run has both."


def test_costs_that_reach_far_stand_by_their_logarithm_with_a_place_for_zero():
    axis = axis_for([1e4, 1e6], "parameters", True)
    assert (axis.place(1e4), axis.place(1e6), axis.share(1e5)) == (4, 6, pytest.approx(0.5))
    assert axis.marks == [1e4, 3e4, 1e5, 3e5, 1e6, 3e6]
    with_zero = axis_for([0, 1e4, 1e6], "parameters", True)
    assert with_zero.low < with_zero.place(0) < with_zero.place(1e4)
    assert with_zero.marks[0] == 0


def test_close_costs_stand_linearly_from_zero_and_shares_and_nats_as_they_are():
    axis = axis_for([100, 200], "seconds", True)
    assert (axis.place(150), axis.low, axis.marks) == (150, 0, [0, 100, 200])
    assert axis_for([0.01, 0.9], "share", True).place(0.5) == 0.5
    assert axis_for([0.01, 9], "nats", True).place(5) == 5
    assert axis_for([0.7], "share", False).share(0.7) == pytest.approx(0.5)
    assert axis_for([0], "bytes", True).place(0) == 0


def test_a_range_test_shows_its_suggestion():
    test = RangeTest(
        learning_rates=(1e-4, 1e-3, 1e-2),
        losses=(0.7, 0.6, 3.0),
        smoothed=(0.7, 0.65, 2.0),
        suggestion=5e-4,
        is_sure=True,
        reason="",
    )
    found = drawn("range_test", test=test, rate=0.0005)
    assert found["label"] == "Loss over learning rate; suggested is 0.0005."
    assert found["layout"]["shapes"][0]["x0"] == 0.0005
    assert [trace["y"] for trace in found["traces"]] == [[0.7, 0.6, 3.0], [0.7, 0.65, 2.0]]
    assert "shapes" not in drawn("range_test", test=test, rate=None)["layout"]


def test_a_page_of_a_group_brings_its_figures(services):
    page = ComparePage(services)
    configs = [RunConfig({"r": r, "seed": s, "num_reviews": 40}) for r in (2, 64) for s in (1, 2)]
    group, _ = finished_group(services.store, configs, (5, 6, 8, 9), {"r": [2, 64], "seed": [1, 2]})
    answer = json.loads(ask(page, "group", {"group": group.group_id, "across": "file_bytes"}))
    assert set(answer["figures"]) == {"accuracy", "pareto"}
    assert "against File size" in answer["figures"]["pareto"]["label"]
    looks = re.findall(r'"\$colour": "([^"]+)"', json.dumps(answer["figures"]))
    assert set(looks) <= set(answer["run_ids"])


def test_a_figure_has_a_name_before_it_is_drawn(services):
    reference = services.store.get("reference-lora-1")
    test = RangeTest(
        learning_rates=(1e-3,),
        losses=(1,),
        smoothed=(1,),
        suggestion=None,
        is_sure=False,
        reason="",
    )
    tested = reference.model_copy(update={"range_test": test})
    services.store.get = lambda run_id: tested
    page = json.loads(ask(ComparePage(services), "compare", {"run_ids": [reference.run_id]}))
    details = json.loads(ask(RunsPage(services), "details", {"run_id": reference.run_id}))
    board = render("board", dataset=DATASETS[DEFAULT_DATASET], labels=())
    plots = re.findall(r'<div class="pd-plot[^>]+>', board + page["layout"] + details["dialog"])
    assert len(plots) == 4 + 5 + 1
    assert [plot for plot in plots if not re.search(r'aria-label="[^"]+"', plot)] == []


def test_equal_accuracies_stand_within_what_an_accuracy_can_be():
    axis = axis_for([0.5, 0.5], "share", is_log=False)
    assert (axis.low, axis.high) == pytest.approx((0.44, 0.56))
