"""The form that adapters come in by: asked what no file says, one sentence for each fault."""

import json
import shutil
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from imported_adapters import FILES, SMALL, members, zipped

from peft_demo.errors import InvalidFieldsError
from peft_demo.models import BUILTIN_BASE
from peft_demo.runs import RunKind
from peft_demo.settings import ADAPTERS
from peft_demo.ui.form.import_form import ASKED, FIELDS, ImportForm
from peft_demo.ui.requests import Parameters
from peft_demo.ui.uploads import Upload

OUTPUTS = (
    "file",
    "hub",
    "max_length",
    "swap_labels",
    "name",
    *ASKED,
    *(f"{field}-problem" for field in FIELDS),
    "outcome",
)


@pytest.fixture
def form(services) -> ImportForm:
    return ImportForm(services)


@pytest.fixture
def several(tmp_path) -> str:
    """Two checkpoints, trained on a folder."""
    files: dict[str, bytes] = {}
    for step in (5, 10):
        files |= members(ADAPTERS / "reference-ia3", f"out/checkpoint-{step}/")
    files = {name: data.replace(BUILTIN_BASE.encode(), b"./base") for name, data in files.items()}
    return str(zipped(tmp_path / "mine.zip", files))


def brought(form: ImportForm, *paths: str, **said: Any) -> dict[str, Any]:
    return dict(zip(OUTPUTS, form.bring([*paths], **said), strict=True))


def problems(answer: dict[str, Any]) -> dict[str, str]:
    """The sentences by the fields that they stand below."""
    shown = {field: answer[f"{field}-problem"] for field in FIELDS}
    assert all(update["visible"] == bool(update["value"]) for update in shown.values())
    return {field: update["value"] for field, update in shown.items() if update["visible"]}


def test_labels_of_a_data_set_stand_with_their_numbers(services, five):
    with gr.Blocks() as blocks:
        ImportForm(services).draw()
    (chosen,) = (b for b in blocks.blocks.values() if b.elem_id == "adapter-dataset")
    numbered = ", ".join(f"{number} {label}" for number, label in enumerate(five.labels))
    assert (f"Five things: {numbered}", five.id) in chosen.choices


@pytest.mark.slow
def test_what_no_file_says_is_asked_one_after_another(form, services, several):
    answer = brought(form, several)
    assert list(problems(answer)) == ["adapter"]
    assert answer["adapter"]["visible"]
    choices = ["out/checkpoint-5", "out/checkpoint-10"]
    assert [value for _, value in answer["adapter"]["choices"]] == choices
    assert "visible" not in answer["base_model"]
    assert answer["file"] == gr.update()  # the upload stays

    answer = brought(form, several, adapter=choices[1])
    assert list(problems(answer)) == ["base_model"]
    assert [value for _, value in answer["base_model"]["choices"]] == [BUILTIN_BASE]
    assert "visible" not in answer["adapter"]  # the question that is answered stays

    answer = brought(form, several, adapter=choices[1], base_model=BUILTIN_BASE, max_length=64)
    assert not problems(answer)
    assert "is in the queue" in answer["outcome"]
    assert answer["file"]["value"] is None
    assert not answer["adapter"]["visible"]
    run = services.store.runs()[0]
    assert (run.kind, run.config.base_model) == (RunKind.IMPORTED, BUILTIN_BASE)
    assert (run.config.name, run.config.max_length) == ("mine checkpoint-10", 64)


@pytest.mark.parametrize(
    ("said", "field", "told"),
    [
        ({"name": "x" * 81}, "name", "name must be"),
        ({"max_length": 3}, "max_length", "between 8 and 512 tokens, got 3"),
        ({"max_length": "long"}, "max_length", "a whole number between 8 and 512 tokens"),
        ({"dataset": "none"}, "dataset", "dataset must be one of"),
        ({"base_model": "gpt2"}, "base_model", "base_model must be one of"),
        ({"adapter": "checkpoint-7"}, "adapter", "checkpoint-7"),
    ],
)
def test_each_sentence_stands_below_its_field_and_goes(form, several, said, field, told):
    right = {"adapter": "out/checkpoint-5", "base_model": BUILTIN_BASE}
    answer = brought(form, several, **{**right, **said})
    shown = problems(answer)
    assert list(shown) == [field]
    assert told in shown[field]
    assert answer["outcome"] == ""
    assert answer["file"] == gr.update()
    again = brought(form, several, adapter="out/checkpoint-5")
    assert list(problems(again)) == ["base_model"]


@pytest.mark.slow
def test_labels_are_swapped_once(form, services, several):
    right = {"adapter": "out/checkpoint-5", "base_model": BUILTIN_BASE}
    answer = brought(form, several, **right, swap_labels=True)
    assert not problems(answer)
    assert "they were positive, negative" in answer["outcome"]
    assert answer["swap_labels"]["value"] is False
    assert services.store.runs()[0].config.label_order == (1, 0)


def test_no_upload_is_told_so(form):
    (sentence,) = problems(brought(form)).values()
    assert "adapter must be a zip, its two files, or on the Hub, got none." in sentence


@pytest.mark.slow
def test_its_two_files_by_themselves(form, services):
    folder = ADAPTERS / "reference-ia3"
    one, two = (str(folder / name) for name in FILES)
    assert "one JSON file alone: bring both files" in problems(brought(form, one))["adapter"]
    assert "weights without the" in problems(brought(form, two))["adapter"]
    answer = brought(form, one, two, name="by hand")
    assert "is in the queue" in answer["outcome"]
    assert services.store.runs()[0].config.name == "by hand"


def test_a_name_in_the_zip_is_no_markup(form, tmp_path):
    files = {f"<b>{n}/{name}": data for n in (1, 2) for name, data in SMALL.items()}
    shown = problems(brought(form, str(zipped(tmp_path / "a.zip", files))))
    assert "&lt;b&gt;" in shown["adapter"]
    assert "<b>" not in shown["adapter"]


def test_another_upload_forgets_what_was_chosen(form):
    answer = dict(zip(OUTPUTS, form.forget(), strict=True))
    assert not problems(answer)
    for field in ASKED:
        assert (answer[field]["visible"], answer[field]["value"]) == (False, None)


class TestUpload:
    """The endpoint reads only what was uploaded."""

    @pytest.fixture
    def folder(self, tmp_path, monkeypatch) -> Path:
        monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
        (tmp_path / "uploads" / "1").mkdir(parents=True)
        shutil.copy(__file__, tmp_path / "uploads" / "1" / "a.zip")
        (tmp_path / "uploads" / "out").symlink_to(tmp_path)
        return tmp_path / "uploads"

    @staticmethod
    def read(value: object) -> dict[str, Any]:
        def endpoint(file: Upload) -> None: ...

        return Parameters(endpoint).read({"file": value})

    def test_what_was_uploaded(self, folder):
        file = {"path": str(folder / "1" / "a.zip"), "meta": {"_type": "gradio.FileData"}}
        assert self.read(file) == {"file": file}

    @pytest.mark.parametrize(
        "path", ["/etc/passwd", "{}/../secret", "{}/out/secret", "{}", "", "a\0b", 3, None]
    )
    def test_nothing_else(self, folder, path):
        came = path.format(folder) if isinstance(path, str) else path
        with pytest.raises(InvalidFieldsError, match="file must be an uploaded file"):
            self.read({"path": came, "meta": {"_type": "gradio.FileData"}})

    @pytest.mark.parametrize("meta", [None, {}, {"_type": "x"}])
    def test_nothing_that_gradio_did_not_look_at(self, folder, meta):
        file = {"path": str(folder / "1" / "a.zip"), "meta": meta}
        with pytest.raises(InvalidFieldsError, match="file must be an uploaded file"):
            self.read(json.loads(json.dumps(file)))


def test_one_on_the_hub_is_imported_and_a_wrong_id_stands_at_its_field(form, hub, services):
    hub.model("somebody/adapter", members(ADAPTERS / "reference-ia3"))
    answer = brought(form, repository="nonsense")
    assert "must be the id of a model on the Hub" in problems(answer)["adapter"]
    answer = brought(form, repository="somebody/adapter")
    assert answer["hub"]["value"] == ""
    assert services.store.runs()[0].config.source.startswith("somebody/adapter@")
