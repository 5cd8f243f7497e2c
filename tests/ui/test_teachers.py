"""Teachers: signed in with a password, and what they and others may do."""

import pytest
from asking import ask

from peft_demo import settings
from peft_demo.errors import InvalidFieldsError, NotAllowedError
from peft_demo.logs import digest
from peft_demo.runs import RunConfig, RunStatus
from peft_demo.ui import teachers
from peft_demo.ui.identity import NOBODY, Visitor, acting_as, machines_owner
from peft_demo.ui.pages.board import Board
from peft_demo.ui.you import You

ME, OTHER = "0123456789abcdef" * 2, "b" * 32


@pytest.fixture
def password(monkeypatch):
    monkeypatch.setenv("PEFT_DEMO_TEACHER_PASSWORD", "correct horse")
    return "correct horse"


def sign_in(services, password, visitor):
    functions = {function.__name__: function for function in You(services).functions()}
    with acting_as(visitor):
        return functions["sign_in"]({"password": password})


def test_a_teacher_signs_in_and_out_again(services, password, monkeypatch):
    run_id = services.store.submit(RunConfig(), ME).run_id
    services.store.call(ME, "Anna")
    teacher, board = Visitor(OTHER, "192.168.0.2"), Board(services)
    request = {"action": "tag", "run_ids": [run_id], "tags": "seen"}
    assert "The password is wrong" in sign_in(services, "wrong horse", teacher)
    assert "belongs to Anna" in ask_as(teacher, board, request)
    told = sign_in(services, password, teacher)
    assert "signed in as teacher" in told
    assert ask_as(teacher, board, request) == ""
    # At the machine, too, a password is wanted once there is one.
    assert "belongs to Anna" in ask_as(machines_owner(), board, request)
    clock = teachers.time.monotonic() + teachers.SESSION
    monkeypatch.setattr(teachers.time, "monotonic", lambda: clock)
    assert "belongs to Anna" in ask_as(teacher, board, request)
    sign_in(services, password, teacher)
    with acting_as(teacher):
        services.changes.teachers.sign_out()
    assert "belongs to Anna" in ask_as(teacher, board, request)


def ask_as(visitor, page, request):
    with acting_as(visitor):
        return ask(page, "act", request)


def test_passwords_are_not_tried_for_long(services, password, monkeypatch):
    far, near = Visitor(OTHER, "203.0.113.5"), Visitor(ME, "192.168.0.2")
    for _ in range(teachers.TRIES):
        assert "The password is wrong" in sign_in(services, "\ud800", far)
    assert "try again in 15 min" in sign_in(services, password, far)
    assert "signed in as teacher" in sign_in(services, password, near)
    clock = teachers.time.monotonic() + teachers.WAIT
    monkeypatch.setattr(teachers.time, "monotonic", lambda: clock)
    assert "signed in as teacher" in sign_in(services, password, far)


def test_without_a_password_nobody_signs_in(services):
    assert "The password is wrong" in sign_in(services, "", Visitor(OTHER))
    assert not any(fits(services, visitor) for visitor in (Visitor(OTHER), NOBODY))
    assert fits(services, machines_owner())


def fits(services, visitor):
    with acting_as(visitor):
        return services.changes.teachers.is_one()


def test_a_short_password_is_refused_and_not_told(monkeypatch):
    monkeypatch.setenv("PEFT_DEMO_TEACHER_PASSWORD", "secret")
    with pytest.raises(InvalidFieldsError, match="must be 8 to 200 characters, got 6"):
        settings.check()


def test_all_of_one_persons_runs_are_stopped_in_one_step(services):
    mine, theirs = (
        [services.store.submit(RunConfig(), who).run_id for _ in range(3)] for who in (ME, OTHER)
    )
    services.store.start(RunConfig(), ME)
    with acting_as(Visitor(OTHER)), pytest.raises(NotAllowedError, match="Only a teacher"):
        services.changes.stop_all(digest(ME))
    version = services.store.version
    assert services.changes.stop_all(digest(ME)) == 4
    assert services.store.version == version + 1
    status = {run.run_id: run.status for run in services.store.runs()}
    assert {status[run_id] for run_id in mine} == {RunStatus.CANCELLED}
    assert {status[run_id] for run_id in theirs} == {RunStatus.QUEUED}
    panel = You(services).functions()[0]({})
    assert "guest bbbb" in panel
    assert digest(OTHER) in panel
    with acting_as(Visitor(OTHER)):
        assert "guest 0123" not in You(services).functions()[0]({})
