"""What the README's speed claims come from: ratios against a baseline in the same run."""
