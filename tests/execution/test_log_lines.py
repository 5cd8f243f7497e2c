"""Messages that travel in a log: each comes once and in order, whatever happens to its lines."""

import random

import pytest

from peft_demo.execution.log_lines import MOST_CHARACTERS, Heard, Lines

KEY = b"key"

MESSAGES = ["one", "ä “quoted”\nline", f"{random.Random(1).getrandbits(80_000):x}", "", "last"]


@pytest.fixture
def lines():
    made = Lines(KEY)
    for message in MESSAGES:
        made.of(message)
    assert len(made.told) > len(MESSAGES)
    return made.told


def messages_in(lines):
    heard = Heard(KEY)
    found = [message for line in lines for message in heard.take(line)]
    return found, heard.has_gap


def test_they_come_back_among_what_others_print(lines):
    assert all(len(line) < MOST_CHARACTERS + 60 and line.isascii() for line in lines)
    among = [part for line in lines for part in ("peft-demo: hello", f"50 %|##  {line}", "")]
    assert messages_in(among) == (MESSAGES, False)


def test_twice_and_in_another_order(lines):
    shuffled = [*lines, *lines[:5]]
    random.Random(2).shuffle(shuffled)
    assert messages_in(shuffled) == (MESSAGES, False)


def test_what_is_lost_or_damaged_is_a_gap_until_it_comes_again(lines):
    lost = [line for number, line in enumerate(lines) if number != 1]
    assert messages_in(lost) == (MESSAGES[:1], True)
    damaged = [lines[0], lines[1][:-1], *lines[2:]]
    assert messages_in(damaged) == (MESSAGES[:1], True)
    assert messages_in([*lost, *lines]) == (MESSAGES, False)


def test_a_line_that_another_makes_is_none(lines):
    other = Lines(b"another")
    forged = [line for message in MESSAGES for line in other.of(message)]
    among = [one for pair in zip(forged, lines, strict=True) for one in pair]
    assert messages_in(among) == (MESSAGES, False)
