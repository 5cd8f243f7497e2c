"""Import the libraries, load a base with an adapter, and predict: ``… BASE ADAPTER``."""

import sys

import torch
from peft import PeftModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer


def main() -> None:
    base_folder, adapter = sys.argv[1:]
    tokenizer = AutoTokenizer.from_pretrained(base_folder)
    base = AutoModelForSequenceClassification.from_pretrained(base_folder)
    model = PeftModel.from_pretrained(base, adapter).eval()
    with torch.inference_mode():
        print(model(**tokenizer("A fine film.", return_tensors="pt")).logits)


if __name__ == "__main__":
    main()
