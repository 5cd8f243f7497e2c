"""Spectra: worked examples."""

import math

import numpy as np
import pytest

from peft_demo.statistics.spectra import directions, effective_rank, principal_angles


class TestEffectiveRank:
    @pytest.mark.parametrize(
        ("values", "expected"),
        [((2, 2, 2, 2), 4), ((5,), 1), ((3, 0, 0), 1), ((0, 0), 0), ((), 0)],
    )
    def test_of_equal_ones_is_their_number(self, values, expected):
        assert effective_rank(values) == pytest.approx(expected)

    def test_is_the_exponential_of_the_entropy(self):
        entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
        assert effective_rank((6, 2)) == pytest.approx(math.exp(entropy))


class TestDirections:
    @pytest.mark.parametrize(
        ("values", "share", "expected"),
        [
            ((3, 1), 0.9, 1),  # 9 of 10
            ((3, 1), 0.91, 2),
            ((1, 3), 0.9, 1),
            ((1,) * 10, 0.9, 9),
            ((1, 1, 0), 1.0, 2),
            ((0, 0), 0.9, 0),
            ((), 0.9, 0),
        ],
    )
    def test_hold_a_share_of_the_squares(self, values, share, expected):
        assert directions(values, share) == expected


class TestPrincipalAngles:
    def test_of_planes_in_space(self):
        x, y, z = np.eye(3)
        tilted = np.stack([x, (y + z) / math.sqrt(2)], axis=1)
        angles, overlap = principal_angles(np.stack([x, y], axis=1), tilted)
        assert angles == pytest.approx([0, 45], abs=1e-6)
        assert overlap == pytest.approx(0.75)

    def test_of_one_that_lies_in_the_other(self):
        angles, overlap = principal_angles(np.eye(4)[:, :3], np.array([[1.0], [1], [0], [0]]))
        assert angles == pytest.approx([0], abs=1e-6)
        assert overlap == pytest.approx(1)

    def test_random_ones_overlap_by_their_share_of_the_dimensions(self):
        draw = np.random.default_rng(0).standard_normal
        found = [principal_angles(draw((40, 8)), draw((40, 3)))[1] for _ in range(100)]
        assert np.mean(found) == pytest.approx(8 / 40, abs=0.02)
