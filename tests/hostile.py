"""What clients may send that nobody meant: wrong shapes, wrong sizes, and what attackers try."""

import re

NOT_FOR_PEOPLE = re.compile(
    r"Traceback|object has no|unhashable|NoneType|TypeError|KeyError|validation error|not iterable"
    r"|not subscriptable|unexpected keyword|missing \d|sqlite|SELECT |<class|site-packages|/home"
    r"|/tmp|fault [0-9a-f]{6}"
)
"""What Python, SQLAlchemy, pydantic and paths say of themselves."""

TEXTS = (
    "", "x", "run-000001", "lora", "reference-lora-1", "group-000001", "reference-ia3",
    "../../etc/passwd", "..\\..\\boot.ini", "'; drop table run; --", "\x00\ud800", "ü" * 5_000,
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\u202egnp.exe", "=1+1",
    ";=cmd|'x'!A0", "${7*7}{{7*7}}", "%s%n", "-1", "NaN", "1e999", "0x10", "a" * 100_000,
    "\n\r\t", "file:///etc/passwd", "http://127.0.0.1:1/", '{"r": 4}', "LoraConfig(r=8)",
    "LoraConfig(r=__import__('os'))", "[" * 999, "(" * 300 + "1" + ")" * 300, "9" * 5_000,
    "lora_alpha = 2**2**2**2**2**2",
)  # fmt: skip

ODD: tuple[object, ...] = (
    None, True, 0, -1, 10**30, 1.5, float("nan"), float("inf"), *TEXTS[:12], [], [[]], [None],
    ["reference-lora-1", 3], [{"a": 1}], {}, {"r": 4}, {"": []}, {"method": []},
    {"method": {"x": 1}}, {"r": {}}, {"r": [1, [2]]}, {"learning_rate": [1]}, {"tags": 5},
    {"name": {"a": "b"}}, {"is_starred": "yes"}, {"config": None}, {"target_modules": [[1], {}]},
    ["reference-lora-1", "reference-ia3"],
)  # fmt: skip

NAMES = (
    "run_ids", "run_id", "kind", "link", "key", "group", "limit", "tuned", "owner", "since",
    "models", "problem", "shown", "curves", "action", "tags", "name", "note", "is_starred",
    "author", "notes", "guesses", "address", "lesson", "step", "nickname", "password",
)  # fmt: skip
"""Of arguments of the page's functions."""
