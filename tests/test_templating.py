"""Texts from templates."""

import jinja2
import pytest

from peft_demo.languages import speaking
from peft_demo.templating import environment


@pytest.fixture
def folder(tmp_path):
    for name in ("page.html", "page.html.jinja", "text.txt", "code.py.jinja"):
        (tmp_path / name).write_text("{{ fact }} {{ 1234 | whole }}\n")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "written"),
    [("page.html", "&lt;b&gt;"), ("page.html.jinja", "&lt;b&gt;"), ("text.txt", "<b>")],
)
def test_only_html_is_escaped(folder, name, written):
    assert environment(folder).get_template(name).render(fact="<b>") == f"{written} 1,234"


def test_code_keeps_its_last_line_end(folder):
    made = environment(folder, keep_trailing_newline=True)
    assert made.get_template("code.py.jinja").render(fact="<b>") == "<b> 1,234\n"


def test_what_a_template_lacks_is_an_error(folder):
    with pytest.raises(jinja2.UndefinedError, match="fact"):
        environment(folder).get_template("text.txt").render()


def test_a_text_is_in_the_current_language(tmp_path):
    (tmp_path / "one.html").write_text("{% trans %}Learn{% endtrans %}")
    template = environment(tmp_path).get_template("one.html")
    with speaking("de"):
        assert template.render() == "Lernen"
    assert template.render() == "Learn"
