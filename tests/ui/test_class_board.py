"""Everyone's runs for the projector, all of them as a zip, and the page that a class opens."""

import io
import re
import zipfile

import pytest
from asking import ask
from compared_runs import finish, probabilities
from small_runs import small_config
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from peft_demo.comparison.spread import spread
from peft_demo.export import archive
from peft_demo.languages import speaking
from peft_demo.runs import Progress, RunStatus
from peft_demo.ui import class_board, teachers
from peft_demo.ui.class_page import ClassPage, merged
from peft_demo.ui.identity import Visitor, acting_as, machines_owner
from peft_demo.ui.signing import Signatures
from peft_demo.ui.visitors import Visitors
from peft_demo.ui.you import You

ANNA, BEN = "a" * 32, "b" * 32
PAGE = {"accept": "text/html"}
FROM_ELSEWHERE = {"X-Forwarded-For": "203.0.113.5"}


@pytest.fixture
def served(services, tmp_path):
    """What serves both, and the page in words, to who asks from the machine."""
    page = Route("/{path:path}", lambda request: PlainTextResponse(f"page?{request.url.query}"))
    app = Starlette(
        routes=[*class_board.routes(services), page],
        middleware=[
            Middleware(Visitors, signatures=Signatures(tmp_path)),
            Middleware(ClassPage, services=services),
        ],
    )
    return TestClient(app, base_url="http://localhost", client=("127.0.0.1", 5))


def trained(services, owner, wrong, **config):
    run = services.store.start(small_config(num_test_reviews=200, **config), owner)
    return finish(services.store, run, probabilities(range(wrong)))


def test_whose_only_run_failed_is_told_that_it_did(services, served):
    run = services.store.start(small_config(), ANNA)
    services.store.finish(run.run_id, RunStatus.FAILED, error="It was made to fail.")
    card = re.search(r"<li>.*?</li>", served.get("/class").text, re.DOTALL)[0]
    assert '<small class="quiet">failed</small>' in card
    trained(services, ANNA, 40)
    assert "failed</small>" not in served.get("/class").text


def test_the_board_shows_each_person_and_how_the_class_spreads(services, served):
    services.store.call(ANNA, "Anna & Co")
    for seed, wrong in enumerate((40, 44, 36, 100)):
        trained(services, (ANNA, BEN)[seed % 2], wrong, seed=seed)
    going = services.store.start(small_config(name="goes <i>on</i>"), BEN)
    services.store.report(going.run_id, Progress(step=3, max_steps=12))
    services.store.submit(small_config(), ANNA)
    html = served.get("/class").text
    assert "<bdi>Anna &amp; Co</bdi>" in html
    assert "<bdi>guest bbbb</bdi>" in html
    assert ANNA not in html
    # The latest of each.
    assert "82.0\u00a0%" in html
    assert "not shown to be better than guessing" in html
    assert 'max="12" value="3" aria-label="goes &lt;i&gt;on&lt;/i&gt;"' in html
    assert "1 in the queue" in html
    assert html.count('<b style="left') == 4
    assert "4 runs of 2 people" in html
    assert "Mean 72.5\u00a0%" in html
    told = html.replace("\u00a0", " ")
    assert re.search(r"between 6[56]\.\d % and 78\.\d % \(the band\): 1 of 4 do", told)
    services.store.decide(hides_names=True, is_paused=True)
    html = served.get("/class").text
    assert "Anna" not in html
    assert "<bdi>Student 1</bdi>" in html
    assert "The queue is paused" in html
    with speaking("de"):
        assert "Die Klasse" in served.get("/class").text


def test_an_empty_class_has_a_board_too(services, served):
    assert "Nobody has started a run yet" in served.get("/class").text
    assert spread(services.store.runs()) is None


def test_what_is_expected_is_by_the_size_of_the_test_alone(services):
    for seed, wrong in enumerate((38, 40, 42)):
        trained(services, ANNA, wrong, seed=seed)
    found = spread(services.store.runs())
    assert (found.num_texts, found.people, found.num_inside) == (200, 1, 3)
    assert found.expected.value == pytest.approx(0.8)
    # Wilson's interval of 160 of 200.
    assert (found.expected.low, found.expected.high) == pytest.approx((0.739, 0.850), abs=1e-3)


def test_both_are_a_teachers_only(services, served, monkeypatch):
    for path in ("/class", "/class.zip"):
        refused = served.get(path, headers=FROM_ELSEWHERE)
        assert (refused.status_code, refused.text) == (
            403,
            "Only a teacher may see the class as a whole.",
        )
        assert served.get(path).status_code == 200
    # With a password it is wanted at the machine as well.
    monkeypatch.setenv("PEFT_DEMO_TEACHER_PASSWORD", "correct horse")
    assert served.get("/class").status_code == 403


def test_all_that_a_class_made_comes_as_one_zip(services, served, monkeypatch):
    run = trained(services, ANNA, 40)
    folder = services.store.folder_of(run.run_id)
    (folder / "adapter_config.json").write_text("{}")
    (folder / "adapter_model.safetensors").write_bytes(bytes(3_000_000))
    (folder / "secret.txt").write_text(ANNA)
    (folder / "adapter_link").symlink_to("/etc/passwd")
    answer = served.get("/class.zip")
    assert answer.headers["content-disposition"] == 'attachment;filename="class.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as made:
        assert made.testzip() is None
        files = ("adapter_config.json", "adapter_model.safetensors", "test_predictions.npz")
        assert made.namelist() == ["runs.csv", *(f"{run.run_id}/{name}" for name in files)]
        table = made.read("runs.csv").decode("utf-8-sig")
    assert f'"{run.run_id}"' in table
    assert ANNA not in table
    # It is sent while it is made: no more of it is kept than what was read at once.
    parts = [*archive.archive(services.store, [run])]
    assert max(map(len, parts)) < 2 * archive.CHUNK
    assert len(parts) > 3


@pytest.mark.slow
def test_a_class_opens_the_page_that_its_teacher_set(services, served):
    panel, link = You(services), "http://here:7860/?hide=several&fix=r&method=lora&r=4"
    told = ask(panel, "set_page", {"link": link})
    assert "?hide=several&amp;fix=r&amp;method=lora&amp;r=4" in told
    student = {**PAGE, **FROM_ELSEWHERE}
    opened = served.get("/?__theme=dark", headers=student)
    assert opened.text == "page?__theme=dark&hide=several&fix=r&method=lora&r=4"
    assert len(opened.history) == 1
    # A link of its own is not muddled with it, and German is no way round.
    assert served.get("/?method=ia3", headers=student).text == "page?method=ia3&hide=several&fix=r"
    assert served.get("/de/", headers=student).text.startswith("page?hide=several")
    # Teachers see all, and nothing but the page is led elsewhere.
    assert served.get("/", headers=PAGE).text == "page?"
    assert served.get("/config", headers=student).text == "page?"
    for bad, sentence in (("?hide=nothing", "hide must name"), ("?r=x", "r must be")):
        assert sentence in ask(panel, "set_page", {"link": bad})
    ask(panel, "set_page", {"link": ""})
    assert served.get("/", headers=student).text == "page?"


def test_a_lesson_is_opened_once():
    assert merged("", "lesson=rank") == "lesson=rank"
    assert merged("lesson=rank", "lesson=rank") == ""
    assert merged("lesson=luck", "lesson=rank") == ""


def test_without_a_password_the_machines_user_is_the_teacher_and_nobody_elsewhere(services):
    """A server that everybody reaches, too; a password makes teachers of who knows it alone."""
    for visitor, is_one in (
        (machines_owner(), True),
        (Visitor(ANNA, "127.0.0.1", is_local=True), True),
        (Visitor(ANNA, "192.168.0.2"), False),
        (Visitor("", "192.168.0.2"), False),
    ):
        with acting_as(visitor):
            assert teachers.Teachers().is_one() is is_one
