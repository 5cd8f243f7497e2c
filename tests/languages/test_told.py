"""What came up in English is told in the reader's language, with what stands in its places."""

import pytest

from peft_demo.formats import number, percent, size, typed
from peft_demo.languages import speaking, told

SENTENCES = {
    "The run diverged: training loss 4.211, where guessing has 0.693": (
        "Der Lauf ist divergiert: Trainings-Loss 4,211, wo Raten 0,693 ergibt"
    ),
    # Of two fields, one after the other.
    "r must be at most 5, got 7. lora_alpha must be at most 1,000, got 1,001.": (
        "r darf höchstens 5 sein, nicht 7. lora_alpha darf höchstens 1.000 sein, nicht 1.001."
    ),
    # A part of it is a sentence, or goes on with one.
    'The link cannot be used: r must be a whole number between 1 and 64, got "no field".': (
        'Der Link ist nicht brauchbar: r: erlaubt ist eine ganze Zahl zwischen 1 und 64, nicht "no '
        'field".'
    ),
    "learning_rate 0.01 is too high for LoRA (hardly moved in 80 steps); measured nearest to it, "
    "0.001 learned, and did best here.": (
        "learning_rate 0,01 ist für LoRA zu hoch (bewegte sich kaum in 80 Schritten); die nächste "
        "gemessene, 0,001, lernte, und war hier die beste."
    ),
    "adapter must be at most 210 MB unpacked (both files together), got 1,234.5 MB.": (
        "adapter darf ausgepackt höchstens 210 MB groß sein (beide Dateien zusammen), nicht "
        "1.234,5 MB."
    ),
    # Marked, but raised where nobody was known to read it; with a unit.
    "num_reviews must be a whole number between 10 and 25,000 reviews, got 3.": (
        "num_reviews: erlaubt ist eine ganze Zahl zwischen 10 und 25.000 Rezensionen, nicht 3."
    ),
    # What people call a run is no text, and what nobody translated stays.
    "training time has no predictions on the evaluation set own.": (
        "training time hat keine Vorhersagen auf dem Auswertungssatz own."
    ),
    "None has said this before.": "None has said this before.",
}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_is_told(sentence):
    assert told(sentence) == sentence
    with speaking("de"):
        assert told(sentence) == SENTENCES[sentence]


def test_numbers_have_the_signs_of_the_language_but_where_they_are_typed():
    assert [percent(0.469), number(2000), size(1.9e6)] == ["46.9 %", "2,000", "1.9 MB"]
    with speaking("de"):
        assert [percent(0.469), number(2000), size(1.9e6)] == ["46,9 %", "2.000", "1,9 MB"]
        assert [number(0.001), number(2e-5), typed(0.001)] == ["0,001", "2e-5", "0.001"]
