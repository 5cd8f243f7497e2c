"""An import in the browser: read at a chosen length, asked about its labels, and swapped."""

from imported_adapters import LORA, members, zipped

from peft_demo.adapters.importing.labels import reorder_labels


def test_labels_that_are_swapped_are_asked_about_and_swapped(page, tmp_path):
    folder = tmp_path / "theirs"
    folder.mkdir()
    for name, data in members(LORA).items():
        (folder / name).write_bytes(data)
    reorder_labels(folder, (1, 0), "classifier")
    archive = zipped(tmp_path / "turned.zip", {p.name: p.read_bytes() for p in folder.iterdir()})

    page.get_by_role("tab", name="Review", exact=True).click()
    page.get_by_text("Add an adapter from elsewhere").click()
    page.locator("#adapter-max-length textarea, #adapter-max-length input").fill("16")
    page.set_input_files("#adapter-file input[type=file]", archive)
    page.locator("#imported", has_text="turned").wait_for(timeout=120_000)

    page.get_by_role("tab", name="Train", exact=True).click()
    card = page.locator(".pd-rows tr", has_text="turned").first
    card.get_by_text("are its labels swapped?").wait_for(timeout=240_000)
    assert "read at 16 tokens" in card.inner_text()
    card.get_by_role("button", name="Details of turned").click()
    details = page.locator("dialog[open]")
    details.get_by_text("chosen at import").wait_for()
    assert "learning_rate" not in details.inner_text()
    details.get_by_role("button", name="Swap its labels").click()

    page.get_by_role("status").filter(has_text="tests it with its labels swapped").wait_for()
    again = page.locator(".pd-rows tr", has_text="turned · labels swapped")
    again.locator(".pd-reached", has_text="%").wait_for(timeout=240_000)
    assert "are its labels swapped?" not in again.inner_text()
