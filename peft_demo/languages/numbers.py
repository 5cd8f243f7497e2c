"""The signs of numbers in the current language: 1,234.5 is 1.234,5 in German."""

from __future__ import annotations

from functools import cache

from babel.numbers import get_decimal_symbol, get_group_symbol

from peft_demo.languages.current import language


def in_signs(number: str) -> str:
    """A number with a point, and commas between thousands, as the current language writes it."""
    return number.translate(_signs(language()))


@cache
def _signs(code: str) -> dict[int, str]:
    return {ord("."): get_decimal_symbol(code), ord(","): get_group_symbol(code)}
