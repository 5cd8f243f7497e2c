"""Training: one loop for every method, on the Hugging Face Trainer."""
