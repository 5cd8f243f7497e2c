"""What attackers try, each once; what reaches a room of its own is tried in that room's tests."""

import asyncio
import html
import json
import os
import re
import time
from pathlib import Path

import gradio.routes
import plotly
import pytest
from anyio.from_thread import start_blocking_portal
from whole_server import whole_server

import peft_demo
from peft_demo.export.archive import results
from peft_demo.export.csv import run_csv
from peft_demo.runs import RunConfig, RunStatus
from peft_demo.ui import bodies, uploads
from peft_demo.ui.identity import Visitor, acting_as
from peft_demo.ui.pages.board import Board
from peft_demo.ui.pages.runs import RunsPage
from peft_demo.ui.services import Services


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("attacked") / "home"


@pytest.fixture(scope="module")
def services(home):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PEFT_DEMO_HOME", str(home))
        patch.setenv("GRADIO_TEMP_DIR", str(home.parent / "uploads"))
        services = Services()
        with acting_as(Visitor("somebody")):
            services.changes.submit(RunConfig())
        yield services
        services.close()


@pytest.fixture(scope="module")
def client(services):
    client = whole_server(services)[1]
    with client:
        yield client


@pytest.mark.parametrize("name", ["signing.key", "runs.sqlite3", "../home/signing.key"])
@pytest.mark.parametrize("route", ["file=", "gradio_api/file=", "gradio_api/file/"])
@pytest.mark.slow
def test_no_file_of_the_server_is_given_out(client, home, route, name):
    answer = client.get(f"/{route}{home}/{name}")
    assert answer.status_code in (403, 404)
    assert set(answer.json()) <= {"detail", "error"}


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "text/javascript"])
@pytest.mark.slow
def test_an_uploaded_file_is_no_page_of_ours(client, kind):
    name = f"x.{kind.rpartition('/')[2].partition('+')[0]}"
    script = b"<script>alert(1)</script>"
    (path,) = client.post("/gradio_api/upload", files={"files": (name, script, kind)}).json()
    answer = client.get(f"/gradio_api/file={path}")
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", ["../../x.zip", "..\\x.zip", "/etc/x.zip", "a/../../x.zip"])
def test_no_upload_leaves_its_folder(client, home, name):
    sent = client.post("/gradio_api/upload", files={"files": (name, b"x")})
    for path in sent.json() if sent.status_code == 200 else ():
        assert Path(path).resolve().is_relative_to(home.parent / "uploads")


@pytest.mark.parametrize(
    "path",
    [
        "deep_link?session_hash=x", "dev/reload", "proxy=https://huggingface.co/x", "vibe-code",
        "custom_component/x/client/component/x", "file=https://huggingface.co/x",
        "file=HTTP://huggingface.co/x", "file/https://huggingface.co/x", "profiling/traces",
        "run-history/buckets", "stream/x/1/1/playlist.m3u8",
    ],
)  # fmt: skip
def test_what_the_page_needs_nothing_of_is_closed(client, home, path):
    """Gradio would write a folder, fetch an address, or look for changes as long as one listens."""
    for language in ("", "de/"):
        answer = client.get(f"/{language}gradio_api/{path}")
        assert (answer.status_code, answer.json()["error"]) == (404, "There is nothing here.")
    assert not [*(home.parent / "uploads").glob("deep_links/*")]


def test_a_file_that_is_an_address_is_not_fetched(client, monkeypatch):
    """Endpoints and the page's own events: Gradio would, before anything of ours looks at it."""

    async def fetch(url, **_):
        raise AssertionError(url)

    monkeypatch.setattr("gradio.processing_utils.async_ssrf_protected_download", fetch)
    file = {"path": "https://huggingface.co/x.zip", "meta": {"_type": "gradio.FileData"}}
    for data in ([file], [[{"deep": file}]]):
        (told,) = (
            client.get(f"/gradio_api/call/list_runs/{sent.json()['event_id']}").text
            for sent in [client.post("/gradio_api/call/list_runs", json={"data": data})]
        )
        assert "A file must be uploaded, got the address" in told


def test_progress_of_uploads_that_nobody_follows_is_forgotten(client, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_FOLLOWED", 3)
    followed = gradio.routes.file_upload_statuses
    for number in range(9):
        address = f"/gradio_api/upload?upload_id={number}"
        assert client.post(address, files={"files": ("x.zip", b"x")}).status_code == 200
    assert len(followed._statuses) == len(followed._signals) == 3
    assert "done" in client.get("/gradio_api/upload_progress?upload_id=8").text
    assert len(followed._statuses) == len(followed._signals) == 2


def test_who_asks_about_an_upload_that_never_comes_leaves_nothing():
    followed = uploads.Progress()

    async def ask():
        await asyncio.wait_for(followed.is_tracked("x" * 9_000), timeout=0.01)

    # In a thread of its own: after a browser's tests this one has a loop that runs.
    with start_blocking_portal() as portal, pytest.raises(TimeoutError):
        portal.call(ask)
    assert not followed._signals


def test_an_upload_leaves_room_for_trainings(client, monkeypatch):
    monkeypatch.setattr(bodies, "free_bytes", lambda folder: bodies.LEFT_FREE + 1_000)
    small, large = (
        client.post("/gradio_api/upload", files={"files": ("x.zip", b"x" * size)})
        for size in (100, 1_000)
    )
    assert small.status_code == 200
    assert large.status_code == 507
    assert "The server's disk has no room for more files now" in large.json()["detail"]
    # It may say nothing of how much comes.
    parts = client.post(
        "/gradio_api/upload",
        content=iter([b" " * 9]),
        headers={"content-type": "multipart/form-data; boundary=x"},
    )
    assert parts.status_code == 507


@pytest.mark.slow
def test_of_a_failed_run_visitors_read_no_folder_and_who_is_at_the_machine_does(
    client, services, home
):
    whole = f"AssetError: {home}/runs: No space left; see '/mnt/our data/x.csv'"
    read = "AssetError: PEFT_DEMO_HOME/runs: No space left; see '…/x.csv'"
    store, board = services.store, Board(services)
    run_id = store.start(RunConfig(), "somebody").run_id
    store.finish(run_id, RunStatus.FAILED, error=whole)
    token = services.signatures.sign("somebody", "token")
    elsewhere = {"x-forwarded-for": "10.0.0.1", "authorization": f"Bearer {token}"}
    for headers, told, untold in (({}, whole, read), (elsewhere, read, whole)):
        for name, data in (("get_run", [run_id]), ("list_runs", [])):
            sent = client.post(
                f"/gradio_api/call/{name}", json={"data": data}, headers=headers
            ).json()
            address = f"/gradio_api/call/{name}/{sent['event_id']}"
            answer = client.get(address, headers=headers).text.partition("data: ")[2]
            (said,) = json.loads(answer)
            rows = said if isinstance(said, list) else [said]
            assert [row["error"] for row in rows if row["run_id"] == run_id] == [told]
            assert untold not in str(rows)
        with acting_as(Visitor("somebody", is_local=not headers)):
            polled = json.loads(board.poll())
            (row,) = (row for row in polled["runs"] if row["id"] == run_id)
            assert {row["now"], row["state"]} == {told}
            dialog = html.unescape(json.loads(RunsPage(services).details(run_id))["dialog"])
            assert (told in dialog, untold in dialog) == (True, False)
    assert read in run_csv([store.get(run_id)])
    assert read in json.dumps(results(store, store.get(run_id)), ensure_ascii=False)
    assert whole not in store.get(run_id).model_dump_json()


@pytest.mark.slow
def test_a_page_tells_no_path_of_the_server(client, home):
    for path in ("/", "/config", "/gradio_api/info", "/de/"):
        text = client.get(path, headers={"accept": "text/html"}).text
        for secret in (str(home), str(Path(peft_demo.__file__).parents[1]), "site-packages"):
            assert secret not in text, (path, text[max(0, text.find(secret) - 200) :][:400])


def test_the_figures_script_is_served_with_the_others(client):
    (address,) = re.findall(r'src="(modules/\w+/plotly.min.js)"', client.get("/").text)
    answer = client.get(f"/{address}")
    assert answer.headers["content-type"].startswith("text/javascript")
    own = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    assert len(answer.content) == own.stat().st_size


def test_no_other_site_may_show_the_page_in_a_frame(client, monkeypatch):
    headers = client.get("/").headers
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    monkeypatch.setenv("SPACE_HOST", "localhost")  # a Space is shown within a page of its hub
    assert "x-frame-options" not in client.get("/").headers


def test_nothing_that_runs_code_is_ever_loaded():
    """Pickles, and code that comes with a model."""
    forbidden = re.compile(
        r"pickle\.load\(|torch\.load\((?!.*weights_only=True)|trust_remote_code\s*=\s*True"
        r"|\beval\(|\bexec\(|shell=True"
    )
    for path in Path(peft_demo.__file__).parent.rglob("*.py"):
        found = [line for line in path.read_text().splitlines() if forbidden.search(line)]
        assert not [line for line in found if not re.search(r"\.eval\(", line)], path


def test_what_a_killed_server_left_is_swept(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", "x")  # undone after the test
    monkeypatch.delenv("GRADIO_TEMP_DIR")
    monkeypatch.setattr(uploads.tempfile, "gettempdir", lambda: str(tmp_path))
    uploads.keep_apart(tmp_path / "home")
    folder = Path(os.environ["GRADIO_TEMP_DIR"])
    assert folder.parent == tmp_path
    kept = [folder / "new", tmp_path / "home" / "run-000001"]
    swept = [folder / "old", tmp_path / "home" / ".import-x"]
    for path in (*kept, *swept):
        (path / "within").mkdir(parents=True)
    for path in swept + kept[1:]:
        os.utime(path, (time.time() - 2 * uploads.DAY,) * 2)
    uploads.keep_apart(tmp_path / "home")
    assert [path.exists() for path in kept] == [True, True]
    assert [path.exists() for path in swept] == [False, False]
