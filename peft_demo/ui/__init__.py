"""The web app: the only part that knows Gradio. Importing it does not import torch."""
