"""What Gradio keeps of each visit."""

import gradio as gr
from gradio.state_holder import SessionState

from peft_demo.ui.faults import Blocks


def test_a_session_has_no_copy_of_the_page_and_the_page_is_whole():
    with Blocks() as page:
        box = gr.Textbox("A fine film.", label="Review")
    session = SessionState(page)
    session[box._id] = gr.Textbox("Another.", render=False)
    session._update_value_in_config(box._id, "A dull film.")
    assert [*session.components] == []
    # The session's own control is there all the same.
    assert (session[box._id].value, page.blocks[box._id].value) == ("Another.", "A fine film.")
    described = next(each for each in page.get_config_file()["components"] if each["id"] == box._id)
    assert described["props"]["value"] == "A fine film."
