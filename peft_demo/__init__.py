"""peft_demo: train parameter-efficient fine-tuning methods, watch them, and compare them."""

__version__ = "0.1.0"
