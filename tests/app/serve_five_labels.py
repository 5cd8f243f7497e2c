"""The app with one more data set, of five labels."""

import sys

from five_labels import FIVE

from peft_demo.data import DATASETS

DATASETS[FIVE.id] = FIVE

if __name__ == "__main__":
    from peft_demo.cli import main

    main(["serve", *sys.argv[1:]])
