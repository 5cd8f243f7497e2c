"""Who acts: the server alone says it, and others' runs can be looked at only."""

import inspect
import json
import re
import shutil
import stat
from pathlib import Path

import gradio as gr
import pytest
from asking import ask
from compared_runs import finished_group
from own_texts import as_csv, prepared, rows
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from peft_demo import ui
from peft_demo.errors import InvalidFieldsError, NotAllowedError
from peft_demo.logs import digest
from peft_demo.runs import RunConfig, RunStatus
from peft_demo.runs.classroom import Classroom
from peft_demo.runs.nicknames import check_nickname, key
from peft_demo.settings import ADAPTERS
from peft_demo.storage import Store
from peft_demo.ui.form.import_form import ImportForm
from peft_demo.ui.identity import NOBODY, Visitor, acting, acting_as, machines_owner
from peft_demo.ui.page import build
from peft_demo.ui.pages.board import Board
from peft_demo.ui.pages.compare import ComparePage
from peft_demo.ui.pages.runs import RunsPage
from peft_demo.ui.signing import KEY_FILE, Signatures
from peft_demo.ui.visitors import Visitors
from peft_demo.ui.you import You

ME, OTHER = "0123456789abcdef" * 2, "b" * 32
FROM_ELSEWHERE = {"X-Forwarded-For": "203.0.113.5"}


# -- what may be done ------------------------------------------------------------------------------

THEIRS = prepared(as_csv(rows()))

# What any function of the page, or endpoint, may be asked with; a name that is new belongs here.
ASKED = {
    "action": None, "run_id": None, "run_ids": None, "tags": "theirs", "changes": {"name": "mine"},
    "name": "mine", "note": "mine", "is_starred": True, "group_id": "group-000001",
    "config": {"num_reviews": 40}, "axes": {"r": [1, 2]}, "repeats": 1, "race": False,
    "lesson": "better", "plan": "", "text": "A film.", "reviews": "100", "file": None,
    "title": "Mine", "limits": {"minutes": "1"}, "challenge_id": "challenge-000001",
    "kind": "script", "nickname": "Ben", "hide": [], "fix": [], "password": "guess",
    "owner": digest(ME), "paused": "yes", "hidden": "yes", "link": "?hide=several&fix=r",
    "waiting": "1", "minutes": "1", "epochs": "1", "tokens": "50", "dataset": THEIRS.id,
    "repository": "nobody/nothing", "token": "guess", "source": THEIRS.id,
    "weights": [0.5, 0.5], "probes": ["Theirs."], "review": "Theirs.", "is_watched": True,
    "is_wished": True,
    "over": ["r"], "folder": "run-000009", "folders": ["run-000009"],
}  # fmt: skip
# They take seconds, and only read: texts, files and the store.
READ_ONLY = {
    *("predict", "predict_reviews", "explain", "count", "compare", "report", "judge", "questions"),
    *("list_texts", "challenge_runs", "inside", "predict_file", "strength"),
    *("map", "mapped", "mix"),
}


def functions_of(services):
    """All that a client can call by name, as functions of the values above."""
    page = build(services)
    (header,) = (b for b in page.blocks.values() if getattr(b, "server_fns", None))
    for function in header.server_fns:
        if function.__name__ not in READ_ONLY:
            yield function.__name__, function
    for fn in page.fns.values():
        if fn.api_visibility != "public" or fn.api_name in READ_ONLY:
            continue
        parameters = inspect.signature(fn.fn).parameters
        needed = [name for name, one in parameters.items() if one.default is one.empty]
        assert set(needed) <= set(ASKED), fn.api_name

        def call(asked, function=fn.fn, names=parameters):
            try:
                return function(**{name: asked[name] for name in names if asked.get(name)})
            except gr.Error as error:
                return error.message

        yield fn.api_name, call


@pytest.mark.parametrize("visitor", [Visitor(OTHER, "203.0.113.5"), NOBODY])
@pytest.mark.slow
def test_no_function_changes_what_is_anothers(services, visitor):
    store = services.store
    waiting, over, deleted = (store.submit(RunConfig(name=f"{n}"), ME).run_id for n in range(3))
    for run_id in (over, deleted):
        store.finish(run_id, RunStatus.CANCELLED)
    store.delete(deleted)
    with acting_as(Visitor(ME)):
        services.changes.add_challenge("Small", {"minutes": 5})
        theirs = services.changes.add_dataset(THEIRS)
    before = {run.run_id: run for run in store.runs()}
    version = store.version
    with acting_as(visitor):
        sentence = ask(Board(services), "act", {"action": "?", "run_ids": []})
        actions = re.search(r"one of (.*), got", sentence)[1].split(", ")
        assert {"stop", "delete", "restore", "tag", "star", "first"} <= set(actions)
        for name, call in functions_of(services):
            for run_id in (waiting, over, deleted):
                asked = {**ASKED, "run_id": run_id, "run_ids": [run_id]}
                for action in actions if name == "act" else ("",):
                    call({**asked, "action": action})
    after = {run.run_id: run for run in store.runs()}
    moved = {run_id: after[run_id].model_copy(update={"version": 0}) for run_id in before}
    # A longer queue behind it is no change of a run.
    assert moved == {i: run.model_copy(update={"version": 0}) for i, run in before.items()}
    assert deleted not in after
    assert services.changes.refused >= 10
    assert store.classroom() == Classroom()
    assert store.datasets() == [theirs]
    if visitor is NOBODY:
        assert store.version == version
    else:
        assert {after[run_id].owner for run_id in after.keys() - before.keys()} == {OTHER}


def test_the_refusal_says_whose_it_is(services):
    run_id = services.store.submit(RunConfig(), ME).run_id
    with acting_as(Visitor(ME)):
        services.changes.call_me("Anna")
    with acting_as(Visitor(OTHER)):
        told = ask(Board(services), "act", {"action": "stop", "run_ids": [run_id]})
        assert told == f"{run_id} belongs to Anna; you are guest bbbb and may not stop it."
    with acting_as(NOBODY), pytest.raises(NotAllowedError, match="does not know who asks"):
        services.changes.submit(RunConfig())
    assert services.changes.refused == 2


def test_one_changes_ones_own_and_the_machines_owner_everything(services):
    run_id = services.store.submit(RunConfig(), ME).run_id
    board = Board(services)
    for visitor in (Visitor(ME), machines_owner()):
        with acting_as(visitor):
            assert ask(board, "act", {"action": "tag", "run_ids": [run_id], "tags": "a"}) == ""
            you = json.loads(ask(board, "poll", {"since": -1}))["you"]
            is_local = visitor.is_local
            assert you == {"owner": digest(visitor.owner), "may_all": is_local, "paused": ""}
    with acting_as(Visitor(ME)):
        for action in ("stop", "delete", "restore"):
            assert "may not" not in ask(board, "act", {"action": action, "run_ids": [run_id]})


def test_no_other_way_leads_to_runs_and_queue():
    """All of the page's rooms change them through ``changes``, which asks who may."""
    write = re.compile(r"_changing\(|_transaction\(\)|\._(add|hide)\(")
    writers = [
        name
        for name, method in inspect.getmembers(Store, inspect.isfunction)
        if name[0] != "_" and write.search(inspect.getsource(method))
    ]
    assert {"annotate", "submit", "request_stop", "delete", "add_challenge", "call"} <= set(writers)
    used = re.compile(rf"store\.({'|'.join(writers)})\(|engine\.(submit|cancel|keep|resume|run)")
    for path in Path(ui.__file__).parent.rglob("*.py"):
        if path.name != "changes.py":
            assert not used.search(path.read_text()), path


# -- who it is -------------------------------------------------------------------------------------


@pytest.fixture
def served(tmp_path):
    """Who a request comes from, as a server says it that is asked as from the machine itself."""

    async def who(_):
        return JSONResponse([acting().owner, acting().is_local])

    signatures = Signatures(tmp_path)
    app = Starlette(
        routes=[Route("/", who, methods=["GET", "POST"])],
        middleware=[Middleware(Visitors, signatures=signatures)],
    )
    return TestClient(app, base_url="http://localhost", client=("127.0.0.1", 5)), signatures


def test_the_first_page_brings_a_cookie_that_lasts(served, tmp_path):
    client, signatures = served
    answer = client.get("/", headers={"Accept": "text/html", **FROM_ELSEWHERE})
    owner, is_local = answer.json()
    assert (len(owner), is_local) == (32, False)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly; SameSite=Lax" in cookie
    assert "Max-Age=34560000; Path=/" in cookie
    assert client.post("/", headers=FROM_ELSEWHERE).json() == [owner, False]
    again = Signatures(tmp_path)  # as after a restart
    assert again.name == signatures.name
    assert again.read(client.cookies[f"peft_demo_{again.name}"], "cookie") == owner
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


def test_what_was_not_signed_here_is_nobodys(served, tmp_path):
    client, signatures = served
    name = f"peft_demo_{signatures.name}"
    forged = Signatures(tmp_path / "elsewhere").sign(ME, "cookie")
    for value in (ME, f"{ME}.x", forged, signatures.sign(ME, "token")):
        client.cookies.set(name, value)
        assert client.post("/", headers=FROM_ELSEWHERE).json() == ["", False]
    client.cookies.clear()
    for token in (ME, signatures.sign(ME, "cookie"), "hf_abc", ""):
        headers = {"Authorization": f"Bearer {token}", **FROM_ELSEWHERE}
        assert client.post("/", headers=headers).json() == ["", False]


def test_a_token_signs_a_program_in(served):
    client, signatures = served
    headers = {"Authorization": f"Bearer {signatures.sign(ME, 'token')}", **FROM_ELSEWHERE}
    assert client.post("/", headers=headers).json() == [ME, False]


@pytest.mark.parametrize(
    ("headers", "is_local"),
    [
        ({}, True),
        ({"Host": "127.0.0.1:7860"}, True),
        ({"Host": "[::1]:7860"}, True),
        ({"Host": "class.example"}, False),
        ({"Host": "192.168.0.7"}, False),
        ({"Forwarded": "for=203.0.113.5"}, False),
    ],
)
def test_programs_on_the_machine_are_its_owners(served, monkeypatch, headers, is_local):
    client, _ = served
    owner = machines_owner().owner if is_local else ""
    assert client.post("/", headers=headers).json() == [owner, is_local]
    monkeypatch.setenv("SPACE_HOST", "a-b.hf.space")
    assert client.post("/", headers=headers).json() == ["", False]
    cookie = client.get("/", headers={"Accept": "text/html"}).headers["set-cookie"]
    assert cookie.endswith("HttpOnly; SameSite=None; Secure; Partitioned")


def test_who_comes_from_elsewhere_is_not_at_the_machine(served):
    client, _ = served
    far = TestClient(client.app, base_url="http://localhost", client=("192.168.0.9", 5))
    assert far.post("/").json() == ["", False]


def test_on_a_space_the_account_is_the_identity(served):
    client, _ = served
    session = {"oauth_info": {"userinfo": {"preferred_username": "anna"}}}

    async def signed_in(scope, receive, send):
        await client.app({**scope, "session": session}, receive, send)

    assert TestClient(signed_in).post("/").json() == ["@anna", False]


# -- nicknames -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Anna", "Änne-Marie O'Neill", "Ольга", "山田", "x2"])
def test_a_nickname_is_kept_and_shown(services, name):
    run_id = services.store.submit(RunConfig(), ME).run_id
    with acting_as(Visitor(ME)):
        seen = services.store.version
        assert name in You(services).functions()[1]({"nickname": name}).replace("&#39;", "'")
    assert [run.owner_name for run in services.store.runs(seen)] == [name]
    store = Store(services.store.folder)
    assert store.get(run_id).owner_name == store.name_of(ME) == name
    store.close()


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "a" * 31, "teacher", "Teácher", "REFERENCE", "guest 0123", "Guest", "@anna",
        "anna", "Änna", "a\u202eb", "a\u200bb", "\N{CYRILLIC CAPITAL LETTER A}nna", "line\nbreak",
        "😀", "z̃̃̃̃", 5, None,
    ],
)  # fmt: skip
def test_a_nickname_that_means_another_is_refused(name):
    with pytest.raises(InvalidFieldsError, match="nickname must be"):
        check_nickname(name, {key("Anna")})


def test_two_people_do_not_share_a_name(services):
    services.store.submit(RunConfig(), "machine")
    services.store.call(ME, "Anna")
    for name in ("ANNA", "Machine"):
        with pytest.raises(InvalidFieldsError, match="nobody has"):
            services.store.call(OTHER, name)
    assert services.store.call(ME, "Änna") == "Änna"
    with acting_as(Visitor(OTHER)):
        told = You(services).functions()[1]({"nickname": "anna"})
    assert 'value="anna" aria-invalid="true" aria-describedby="pd-you-nickname"' in told
    assert "nobody has" in told
    assert "guest bbbb" in told


# -- what is told ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_is_queued_belongs_to_who_acts(services, tmp_path):
    adapter = shutil.copytree(ADAPTERS / "reference-ia3", tmp_path / "mine")
    for extra in adapter.iterdir():
        if not extra.name.startswith("adapter_"):
            extra.unlink()
    archive = shutil.make_archive(str(tmp_path / "mine"), "zip", adapter)
    with acting_as(Visitor(ME)):
        *_, outcome = ImportForm(services).bring([archive], dataset="rotten_tomatoes")
    assert "is in the queue" in outcome
    assert services.store.runs()[0].config.dataset == "rotten_tomatoes"
    assert services.store.runs()[0].owner == ME


@pytest.mark.slow
def test_no_answer_tells_an_owners_id(services):
    store = services.store
    configs = [RunConfig({"r": r, "num_reviews": 40}) for r in (1, 2)]
    group, runs = finished_group(store, configs, (5, 9), {"r": [1, 2]}, owner=ME)
    assert {run.owner for run in runs} == {ME}
    ids = [run.run_id for run in runs]
    board, table, page = Board(services), RunsPage(services), ComparePage(services)
    answers = [
        ask(board, "poll", {"since": -1, "shown": ids, "curves": ids}),
        ask(table, "records", {"run_ids": ids, "kind": "json"}),
        ask(table, "records", {"run_ids": ids, "kind": "csv"}),
        ask(table, "details", {"run_id": ids[0]}),
        ask(page, "compare", {"run_ids": ids}),
        ask(page, "group", {"group": group.group_id}),
        ask(page, "groups"),
    ]
    calls = {"list_runs": (), "get_run": ids[:1], "get_group": (group.group_id,), "compare": (ids,)}
    for fn in build(services).fns.values():
        if fn.api_name in calls and fn.api_visibility == "public":
            answers.append(json.dumps(fn.fn(*calls[fn.api_name])))
    assert len(answers) == 7 + len(calls)
    for answer in answers:
        assert "error" not in answer[:9]
        assert ME not in answer
    records = json.loads(json.loads(answers[1])["file"]["text"])
    assert records[0]["owner"] == "guest 0123"
