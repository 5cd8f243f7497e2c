"""The plane in which rows spread most."""

import numpy as np
import pytest

from peft_demo.statistics.plane import principal_plane


def test_distances_in_a_plane_are_kept():
    generator = np.random.default_rng(0)
    flat = generator.normal(size=(40, 2)) * [3, 1]
    turned, __ = np.linalg.qr(generator.normal(size=(10, 10)))
    found, explained = principal_plane(flat @ turned[:2] + 5)
    assert np.linalg.norm(found[0] - found[1]) == pytest.approx(np.linalg.norm(flat[0] - flat[1]))
    assert sum(explained) == pytest.approx(1)
    assert explained[0] > explained[1] > 0
    assert found.mean(axis=0) == pytest.approx(0, abs=1e-9)


def test_rows_that_are_all_equal_lie_in_one_place():
    found, explained = principal_plane(np.ones((5, 3)))
    assert found.shape == (5, 2)
    assert not found.any()
    assert explained == (0.0, 0.0)
