"""A run taken home by the page: its zip, its results, and the form that pushes it."""

import io
import re
import zipfile

import pytest
from compared_runs import finish, probabilities
from small_runs import small_config
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from peft_demo.ui import take_home
from peft_demo.ui.signing import Signatures
from peft_demo.ui.visitors import Visitors

FROM_ELSEWHERE = {"X-Forwarded-For": "203.0.113.5"}


@pytest.fixture
def served(services, tmp_path):
    signed = Middleware(Visitors, signatures=Signatures(tmp_path))
    app = Starlette(routes=take_home.routes(services), middleware=[signed])
    return TestClient(app, base_url="http://localhost", client=("127.0.0.1", 5))


@pytest.fixture
def run(services):
    started = services.store.start(small_config(name="A <b>", num_test_reviews=50), "me")
    return finish(services.store, started, probabilities(range(10)))


def test_zip_and_results_are_sent(served, run):
    answer = served.get(f"/take/{run.run_id}.zip")
    assert answer.headers["content-disposition"] == f'attachment;filename="{run.run_id}.zip"'
    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert {"README.md", "results.json", "test_predictions.npz"} <= set(names)
    found = served.get(f"/take/{run.run_id}.json").json()
    assert found["result"]["test_accuracy"] == run.result.test_accuracy
    assert found["config"]["method"] == "lora"
    assert "owner" not in found


def test_what_is_not_there_or_not_finished_is_a_sentence(services, served):
    waiting = services.store.submit(small_config(), "me")
    for ending in ("", ".zip", ".json"):
        assert served.get(f"/take/run-000999{ending}").status_code == 404
        answer = served.get(f"/take/{waiting.run_id}{ending}")
        assert (answer.status_code, "left no adapter" in answer.text) == (409, True)


def sent(served, run, **more):
    form = {"repository": "writer/mine", "token": "hf_writer", **more}
    fields = {name: (None, value) for name, value in form.items()}
    return served.post(f"/take/{run.run_id}", files=fields)


def test_the_form_pushes_and_forgets_the_token(served, hub, run):
    page = served.get(f"/take/{run.run_id}")
    assert page.headers["cache-control"] == "no-store"
    assert "A &lt;b&gt;" in page.text
    assert re.search(r'<input type="password" id="token" [^>]*required', page.text)
    answer = sent(served, run, private="on")
    assert f'href="{hub_address(hub)}/writer/mine/commit/' in answer.text
    assert "hf_writer" not in answer.text
    assert hub.repositories["models", "writer/mine"].is_private


def hub_address(hub):
    import hub_server

    return hub_server.address()


def test_each_refusal_stands_at_its_field_and_what_was_typed_stays(served, hub, run):
    answer = sent(served, run, repository="no name")
    assert 'value="no name"' in answer.text
    assert re.search(r'id="repository-help".*?role="alert">repository must be', answer.text, re.S)
    answer = sent(served, run, token="hf_unknown-secret")
    assert "the Hub does not know this token" in answer.text
    assert "unknown-secret" not in answer.text
    answer = sent(served, run, token="")
    assert re.search(r'id="token-help".*?role="alert">token must be', answer.text, re.S)


def test_no_token_is_taken_where_others_could_read_it(served, hub, run):
    page = served.get(f"/take/{run.run_id}", headers=FROM_ELSEWHERE)
    assert "over https only" in page.text
    assert 'type="password"' not in page.text
    form = {"repository": (None, "writer/mine"), "token": (None, "hf_writer")}
    served.post(f"/take/{run.run_id}", files=form, headers=FROM_ELSEWHERE)
    assert not hub.asked
    https = {**FROM_ELSEWHERE, "X-Forwarded-Proto": "https"}
    assert 'type="password"' in served.get(f"/take/{run.run_id}", headers=https).text


def test_on_a_space_the_signed_in_accounts_token_pushes(services, tmp_path, hub, run, monkeypatch):
    monkeypatch.setenv("SPACE_HOST", "somebody-peft-demo.hf.space")

    class SignedIn:
        """As Gradio keeps an account that signed in."""

        def __init__(self, app):
            self._app = app

        async def __call__(self, scope, receive, send):
            info = {"access_token": "hf_writer", "userinfo": {"preferred_username": "writer"}}
            await self._app({**scope, "session": {"oauth_info": info}}, receive, send)

    app = Starlette(routes=take_home.routes(services), middleware=[Middleware(SignedIn)])
    served = TestClient(app, base_url="http://space")
    assert not re.search(r'id="token"[^>]*required', served.get(f"/take/{run.run_id}").text)
    assert "/writer/mine/commit/" in sent(served, run, token="").text
