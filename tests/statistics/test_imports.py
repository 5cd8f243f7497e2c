"""What importing the statistics loads."""

import pytest
from small_runs import run_python


@pytest.mark.slow
class TestImports:
    def test_neither_torch_nor_gradio_is_needed(self, tmp_path):
        done = run_python(
            """
import sys
import numpy as np
from peft_demo import statistics
heavy = {"scipy", "statsmodels", "sklearn", "pandas"} & set(sys.modules)
assert not heavy, heavy
correct = {"a": np.array([True, True, False]), "b": np.array([True, False, False])}
statistics.mcnemar(*statistics.discordant(correct["a"], correct["b"]))
shares = np.array([[0.4, 0.6], [0.7, 0.3]])
statistics.scores(statistics.Predictions(shares, np.array([1, 1])))
statistics.repeats_difference([0.8, 0.7], [0.8, 0.6], True)
statistics.mean_interval([0.8, 0.7])
assert not {"torch", "gradio", "transformers"} & set(sys.modules)
""",
            tmp_path,
        )
        assert done.returncode == 0, done.stderr
