"""Draws of what two runs get right, for tests of statistics."""

from collections.abc import Callable

import numpy as np

from peft_demo.statistics import mcnemar

DRAWS = 10_000

FEWER_DRAWS = 4_000
"""Where each takes a call of its own, because hardly two are equal."""

# Extra hours of sleep with two drugs (Student 1908, Biometrika 6), R's data set `sleep`.
SLEEP_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SLEEP_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def right(*answers: int) -> np.ndarray:
    return np.array(answers, dtype=bool)


def table(both: int, only_first: int, only_second: int, neither: int) -> list[np.ndarray]:
    """Which reviews each of two runs gets right."""
    counts = [both, only_first, only_second, neither]
    return [np.repeat(right(*answers), counts) for answers in ((1, 1, 0, 0), (1, 0, 1, 0))]


def p_value(only_first: int, only_second: int) -> float:
    return float(mcnemar(only_first, only_second))


def for_each(drawn: np.ndarray, function: Callable[..., object]) -> np.ndarray:
    """The function's result for each row that was drawn, computed once for equal rows."""
    unique, place = np.unique(drawn, axis=0, return_inverse=True)
    return np.array([function(*map(int, row)) for row in unique])[place.ravel()]


def disagreements(
    total: int, share: float, difference: float, seed: int, draws: int = DRAWS
) -> np.ndarray:
    """Reviews that only the first, and only the second of two runs gets right, many times."""
    shares = [(share + difference) / 2, (share - difference) / 2, 1 - share]
    return np.random.default_rng(seed).multinomial(total, shares, draws)[:, :2]


def held(ends: np.ndarray, truth: float) -> float:
    return float(np.mean((ends[:, 0] <= truth) & (truth <= ends[:, 1])))
