"""Bring every language's catalogue up to date with the texts in code, templates and rows."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from generated import texts

from peft_demo.languages import NAMES, SOURCE

for code in NAMES:
    if code != SOURCE:
        texts.update(code)
        missing = [message.id for message in texts.read(code) if message.id and not message.string]
        print(f"{code}: {len(missing)} texts to translate")
