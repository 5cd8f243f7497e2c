"""The least that Gradio serves: ``python empty_page.py PORT``."""

import sys

import gradio


def main() -> None:
    with gradio.Blocks() as demo:
        gradio.Markdown("An empty page.")
    demo.launch(server_port=int(sys.argv[1]), quiet=True)


if __name__ == "__main__":
    main()
