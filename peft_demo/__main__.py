"""``python -m peft_demo``."""

from peft_demo.cli import main

if __name__ == "__main__":
    main()
