"""Colours and type: calm, one accent colour, IBM Plex Sans at 400 and 700, light and dark."""

import gradio as gr

THEME = gr.themes.Base(
    primary_hue="indigo",
    neutral_hue="slate",
    # At weight 600 the bundled file lacks Latin letters.
    font=[gr.themes.LocalFont("IBM Plex Sans", weights=(400, 700)), "system-ui", "sans-serif"],
    font_mono=["ui-monospace", "monospace"],
).set(
    body_background_fill="#f8fafc",
    body_background_fill_dark="#0b1120",
    body_text_color="#0f172a",
    body_text_color_dark="#e8edf5",
    # Dark enough to read: 4.5:1 on either background.
    body_text_color_subdued="#52617a",
    body_text_color_subdued_dark="#a3b1c6",
    block_info_text_color="#52617a",
    block_info_text_color_dark="#a3b1c6",
    block_background_fill="#ffffff",
    block_background_fill_dark="#111a2e",
    block_border_color="#dfe5ee",
    block_border_color_dark="#26324a",
    border_color_primary="#dfe5ee",
    border_color_primary_dark="#26324a",
    block_label_text_weight="700",
    block_title_text_weight="700",
    block_title_text_color="*body_text_color",
    block_title_text_color_dark="*body_text_color",
    button_large_text_weight="700",
    button_primary_background_fill="#4338ca",
    button_primary_background_fill_hover="#3730a3",
    button_primary_background_fill_dark="#4f46e5",
    button_primary_background_fill_hover_dark="#4338ca",
    button_primary_text_color="#ffffff",
    slider_color="#4f46e5",
    slider_color_dark="#818cf8",
)
