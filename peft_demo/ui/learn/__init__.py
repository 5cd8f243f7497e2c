"""The player of lessons, their texts, and the links that teachers make."""
