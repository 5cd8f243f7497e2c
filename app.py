"""Entry point of ``python app.py`` and of Hugging Face Spaces."""

from peft_demo.cli import main

if __name__ == "__main__":
    main(["serve"])
