"""Two labels are drawn as ever; any number of labels is drawn by the same rule."""

import dataclasses
from collections import Counter

import pytest
from five_labels import FIVE, LABELS

from peft_demo import data
from peft_demo.data import IMDB, ROTTEN_TOMATOES, split
from peft_demo.errors import InvalidFieldsError
from peft_demo.runs import RunConfig, draw

# Recorded before there were data sets of more than two labels.
POOLS = {
    IMDB: ("cac4198315530433", "e825c70f9e76d3c3"),
    ROTTEN_TOMATOES: ("e9a6434b4119f8d5", "1cd036707f8c451e"),
}
DRAWN = {
    (IMDB, 160, 42): ("da5d6c218571ddbf", "3a721fc7ca5192b7", "de3eb2041fdb091a"),
    (IMDB, 2_500, 7): ("f814be235ba8eb6c", "0453c1c1255aab3a", "de3eb2041fdb091a"),
    (ROTTEN_TOMATOES, 160, 42): ("6442fe6028cba761", "f6ca3a3403b0a48f", "c85619ce52acc7b1"),
    (ROTTEN_TOMATOES, 2_500, 7): ("bf49b60b5f9c4f69", "3e40f915886ae685", "c85619ce52acc7b1"),
}


class TestTwoLabels:
    @pytest.mark.parametrize("dataset", POOLS)
    def test_the_pools_are_those_of_before(self, dataset):
        pools = data.load(dataset)
        assert (pools.test.fingerprint, pools.training.fingerprint) == POOLS[dataset]

    @pytest.mark.parametrize("wanted", DRAWN, ids=str)
    def test_runs_draw_what_they_drew_before(self, wanted):
        dataset, number, seed = wanted
        drawn = draw(data.load(dataset), RunConfig(dataset=dataset, num_reviews=number, seed=seed))
        parts = (drawn.train, drawn.validation, drawn.test)
        assert tuple(part.fingerprint for part in parts) == DRAWN[wanted]


@pytest.mark.usefixtures("five")
class TestFiveLabels:
    def test_the_test_pool_is_balanced_from_the_first_on(self):
        labels = data.load(FIVE.id).test.labels
        assert labels == (0, 1, 2, 3, 4) * 40

    def test_parts_have_as_many_of_each_label(self):
        drawn = draw(data.load(FIVE.id), RunConfig(dataset=FIVE.id, num_reviews=100))
        assert Counter(drawn.train.labels) == dict.fromkeys(range(5), 16)
        assert Counter(drawn.validation.labels) == dict.fromkeys(range(5), 4)
        assert len({*drawn.train.texts, *drawn.validation.texts, *drawn.test.texts}) == 300

    def test_a_run_knows_its_labels_and_takes_what_is_there(self):
        config = RunConfig(dataset=FIVE.id)
        assert config.labels == LABELS
        assert (config.num_reviews, config.num_test_reviews) == (400, 200)

    @pytest.mark.parametrize(
        ("field", "value", "limits"),
        [("num_reviews", 401, "10 and 400"), ("num_test_reviews", 201, "50 and 200")],
    )
    def test_its_limits_are_its_own(self, field, value, limits):
        with pytest.raises(InvalidFieldsError) as caught:
            RunConfig(dataset=FIVE.id, **{field: value})
        assert caught.value.problems == {
            field: f"{field} must be a whole number between {limits} sentences of five, "
            f"got {value}."
        }

    def test_the_least_frequent_label_decides_how_many_can_be_drawn(self):
        texts = [f"text {n}" for n in range(50)]
        pools = split(texts, [0] * 20 + [1] * 15 + [2] * 5 + [3] * 5 + [4] * 5, 5, 200)
        with pytest.raises(InvalidFieldsError, match="num_reviews must be at most 10"):
            draw(pools, RunConfig(dataset=FIVE.id, num_reviews=11))


@pytest.mark.parametrize("labels", [("one",), ("twice", "twice"), tuple(map(str, range(21)))])
def test_a_row_has_2_to_20_different_labels(labels):
    with pytest.raises(ValueError, match="must have 2 to 20 different labels"):
        dataclasses.replace(FIVE, labels=labels)
