"""What a person guessed in lessons, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from peft_demo.lessons import shown_lessons


def guesses_in_words(chosen: Mapping[str, Any]) -> list[str]:
    """Lesson, question and guess in a sentence each.

    Args:
        chosen: by a lesson's id, the number of the choice at each step. What no lesson asks (any
            more) is left out.
    """
    known = shown_lessons()
    return [
        f"{known[lesson].title}: {step.predict.question} {step.predict.choices[number].text}"
        for lesson, numbers in chosen.items()
        if lesson in known and isinstance(numbers, Mapping)
        for place, step in enumerate(known[lesson].steps)
        if step.predict is not None
        and isinstance(number := numbers.get(f"{place}"), int)
        and 0 <= number < len(step.predict.choices)
    ]
