"""What a teacher's link fixes or hides holds for everybody, whichever way they ask."""

import json

import gradio as gr
import pytest
from asking import ask
from whole_server import whole_server

from peft_demo import models
from peft_demo.errors import InvalidFieldsError
from peft_demo.lessons import lesson_plan
from peft_demo.runs import RunConfig, RunKind, sweeps
from peft_demo.ui.form.run_form import Form
from peft_demo.ui.form.sidebar import Sidebar
from peft_demo.ui.identity import Visitor, acting_as
from peft_demo.ui.you import You

ME = Visitor("0123456789abcdef" * 2, "192.168.0.2")
LORA_4 = "method=lora&r=4"
FIXED = "the teacher of this class has fixed it."
HIDDEN = "the teacher of this class has hidden it."


def set_page(services, link):
    """As the teacher's form sends it."""
    assert "aria-invalid" not in ask(You(services), "set_page", {"link": f"?{link}"})


QUICK = {"learning_rate": 2e-3, "num_train_epochs": 2, "num_reviews": 400, "max_length": 50}
"""What the form says at first, dropout aside."""
UPPER = {**QUICK, "base_dropout": 0.0, "layers_to_transform": (3, 4, 5)}
"""With all that the quick demo says."""


@pytest.mark.parametrize(
    ("page", "values", "sentence"),
    [
        # Fixed with the link's own values.
        (f"fix=r&{LORA_4}", {"r": 4}, ""),
        (f"fix=r&{LORA_4}", {"r": 16}, f"r must be 4 here, got 16: {FIXED}"),
        (f"fix=r,num_train_epochs&{LORA_4}", {"r": 4, "num_train_epochs": 50}, "must be 2 here"),
        # What the link leaves out is the method's default.
        ("fix=r&method=lora", {"r": 16}, f"r must be 8 here, got 16: {FIXED}"),
        # A fixed rate is every method's, a field that another method lacks is none of its.
        (
            "fix=learning_rate,r&method=lora&learning_rate=0.005&r=4",
            {"method": "ia3"},
            "0.005 here",
        ),
        (
            "fix=learning_rate,r&method=lora&learning_rate=0.005&r=4",
            {"method": "ia3", "learning_rate": 0.005},
            "",
        ),
        ("fix=method&method=ia3", {"method": "lora"}, "method must be ia3 here, got lora"),
        ("fix=target_modules&method=lora&target_modules=q_lin", {}, "target_modules must be q_lin"),
        # Without values of the link's own: what the form says when it opens.
        ("fix=num_reviews", {"num_reviews": 400}, ""),
        ("fix=num_reviews", {"num_reviews": 5_000}, "num_reviews must be 400 here, got 5000"),
        # What is hidden has what the form puts there by itself.
        ("hide=num_train_epochs", {"num_train_epochs": 10}, ""),
        (
            "hide=num_train_epochs",
            {"num_train_epochs": 7},
            f"num_train_epochs must be 2 / 10 here, got 7: {HIDDEN}",
        ),
        ("hide=num_train_epochs,preset", {"num_train_epochs": 10}, "must be 2 here, got 10"),
        ("hide=learning_rate", {"method": "ia3", **QUICK, "learning_rate": 0.01}, "got 0.01"),
        ("hide=learning_rate", RunConfig({"method": "ia3"}).flat(), ""),
        ("hide=more-settings", {"seed": 3}, f"seed must be 42 here, got 3: {HIDDEN}"),
        ("hide=more-settings", {**UPPER, "lora_dropout": 0.0, "r": 64}, ""),
        # Tabs are for looking.
        ("hide=learn", {"r": 64, "seed": 3}, ""),
        # A name is everybody's own.
        ("fix=name,r&method=lora&name=ours", {"name": "mine"}, ""),
    ],
)
def test_what_is_fixed_or_hidden_keeps_its_value(services, page, values, sentence):
    set_page(services, page)
    config = RunConfig({"method": "lora", **values})
    with acting_as(ME):
        if sentence:
            with pytest.raises(InvalidFieldsError) as refused:
                services.changes.submit(config)
            assert sentence in str(refused.value)
        else:
            services.changes.submit(config)
    # A teacher may.
    run = services.changes.submit(config)
    assert run.config == config


def test_parts_of_the_form_that_are_hidden_ask_for_nothing(services):
    set_page(services, "hide=several,find-rate")
    one, two = RunConfig(), sweeps.plan({}, {"r": [1, 2]})
    with acting_as(ME):
        with pytest.raises(InvalidFieldsError, match="repeats must be 1 here, got 2 runs at once"):
            services.changes.submit_plan(two)
        with pytest.raises(InvalidFieldsError, match="find-rate is hidden"):
            services.changes.submit(one, RunKind.RANGE_TEST)
        services.changes.submit(one)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "asked", "sentence"),
    [
        ("hide=search", {"over": "r"}, "search is hidden: the teacher of this class"),
        ("hide=several", {"over": "r"}, "search is hidden: the teacher of this class"),
        (f"fix=r&{LORA_4}", {"over": "r"}, "r cannot be searched here: .* has fixed it"),
        ("hide=more-settings", {"over": "max_length,r"}, "max_length cannot .* has hidden it"),
        ("fix=method&method=lora", {"over": "method"}, "method cannot be searched here"),
        (f"fix=r&{LORA_4}", {"over": "learning_rate"}, "r must be 4 here, got 8"),
        (f"fix=r&{LORA_4}", {"over": "learning_rate", "values": {"r": 4}}, ""),
        ("hide=transfer", {"over": "r"}, ""),
    ],
)
def test_a_search_looks_through_what_is_open_alone(services, page, asked, sentence):
    set_page(services, page)
    values = {"method": "lora", "num_reviews": 40, "max_length": 16, **asked.pop("values", {})}
    search = services.plan_search(values, minutes=5, **asked)
    with acting_as(ME):
        if sentence:
            with pytest.raises(InvalidFieldsError, match=sentence):
                services.changes.submit_search(search)
            assert services.store.open_searches() == []
        else:
            assert services.changes.submit_search(search)
    # A teacher may.
    assert services.changes.submit_search(search)


def test_the_lesson_of_the_link_fixes_and_its_own_plans_may_be_queued(services):
    set_page(services, "lesson=class")  # which fixes each one's own seed
    with acting_as(ME):
        (mine,) = lesson_plan("class", owner=ME.owner).configs
        with pytest.raises(InvalidFieldsError, match=f"seed must be {mine.seed} here, got 42"):
            services.changes.submit(RunConfig())
        services.changes.submit(mine)
    set_page(services, "lesson=luck&hide=several&fix=seed")
    with acting_as(ME):
        assert len(services.changes.submit_plan(lesson_plan("luck"))[1]) == 8
        with pytest.raises(InvalidFieldsError, match="repeats must be 1 here, got 2 runs at once"):
            services.changes.submit_plan(sweeps.plan({}, {}, repeats=2))
        with pytest.raises(InvalidFieldsError, match="seed must be 42 here, got 43"):
            services.changes.submit(RunConfig({"seed": 43}))


def test_an_earlier_run_goes_on_as_it_was_queued(services):
    with acting_as(ME):
        run_id = services.changes.submit(RunConfig({"r": 16})).run_id
        services.changes.stop(run_id)
    set_page(services, f"fix=r&{LORA_4}")
    with acting_as(ME):
        assert services.changes.resume(run_id)


@pytest.mark.slow
def test_all_ways_are_held_to_it(services):
    """Endpoints and page functions as raw requests from another machine, cookie and all."""
    page, client = whole_server(services)
    (header,) = (b for b in page.blocks.values() if getattr(b, "server_fns", None))
    set_page(services, f"fix=r&{LORA_4}")
    client.headers["x-forwarded-for"] = "203.0.113.5"
    queued = {"lesson": "rank", "plan": "scaled"}
    with client:
        client.get("/", headers={"accept": "text/html"}, follow_redirects=False)
        for name, data in {
            "submit_run": [{"r": 16}],
            "submit_sweep": [{}, {"r": [4, 16]}, 1, False],
            "submit_lesson": ["rank", "ranks"],
            "find_learning_rate": [{"r": 16}],
        }.items():
            event = client.post(f"/gradio_api/call/{name}", json={"data": data}).json()["event_id"]
            told = client.get(f"/gradio_api/call/{name}/{event}").text
            assert "r must be 4 here, got 16: the teacher of this class has fixed it." in told, name
        sent = {"component_id": header._id, "session_hash": "x", "fn_name": "queue_plan"}
        told = client.post("/gradio_api/component_server", json={**sent, "data": queued}).json()
        assert "r must be 4 here, got 64" in json.loads(told)["error"]
        # Nobody is offered what is refused then.
        sent |= {"fn_name": "play", "data": {"now": {}, "action": "leave"}}
        bar = json.loads(client.post("/gradio_api/component_server", json=sent).json())
        assert "Show everything" not in bar["html"]
        assert bar["now"]["fix"] == bar["arrange"]["fix"] == ["r"]
        set_page(services, "")
        bar = json.loads(client.post("/gradio_api/component_server", json=sent).json())
        assert (bar["now"], bar["html"], bar["arrange"]["fix"]) == (None, "", [])
        set_page(services, f"fix=r&{LORA_4}")
        start = _started_by(page, "start")
        values = [getattr(control, "value", None) for control in start.inputs]
        sent = {"fn_index": start._id, "data": values, "session_hash": "y"}
        refused = client.post("/gradio_api/queue/join", json=sent)
        assert refused.status_code == 422
        assert "r must be 4 here, got 8" in refused.text
    assert not [run for run in services.store.runs() if not run.is_reference]


@pytest.fixture
def sidebar(services):
    with gr.Blocks() as page:
        made = Sidebar(services)
        made.place.render()
    made.page = page
    return made


def entered(form, **changes):
    """The form's values, with some changed."""
    at = [slot.field.name for slot in form.slots if slot.counts_for("lora")]
    assert set(changes) <= set(at)
    return [
        changes.get(slot.field.name, control.value) if slot.counts_for("lora") else control.value
        for slot, control in zip(form.slots, form.inputs, strict=True)
    ]


def problems(form, answers):
    pairs = zip(form.slots, answers[-len(form.slots) :], strict=True)
    return {s.field.name: a["message"] for s, a in pairs if not a["is_valid"]}


def test_a_sentence_stands_at_its_field(services, sidebar):
    form, several = sidebar.form, sidebar.several
    set_page(services, f"fix=r&{LORA_4}")
    ask(You(services), "set_limits", {"epochs": "1", "repeats": "2"})
    with acting_as(ME):
        values = entered(form, num_train_epochs=3)
        told = problems(form, form.validate(*values))
        assert list(told) == ["r"]
        told = problems(form, form.validate(*entered(form, r=4, num_train_epochs=3)))
        assert told["num_train_epochs"].startswith("num_train_epochs must be at most 1 here, got 3")
        right = entered(form, r=4, num_train_epochs=1)
        assert problems(form, form.validate(*right)) == {}
        # Of several, at what makes them several: while it is typed, and when it is sent.
        for own, place, sentence in (
            ([3, "", [], "", [], False], 0, "repeats must be at most 2 here, got 3"),
            ([1, "r", ["4", "16"], "", [], False], 1, "r must be 4 here, got 16"),
        ):
            answers = several.validate(*own, *right)
            assert next(a["message"] for a in answers if not a["is_valid"]).startswith(sentence)
            _, button, *at = several.describe(*own, *right)
            assert sentence in at[place]
            assert not button["interactive"]
        wrong = several.validate(2, "", [], "", [], False, *entered(form, r=4, num_train_epochs=3))
        assert list(problems(form, wrong)) == ["num_train_epochs"]
    assert problems(form, form.validate(*values)) == {}  # a teacher's
    ask(You(services), "set_limits", {"minutes": "1"})
    with acting_as(ME):
        told = problems(
            form, form.validate(*entered(form, r=4, num_train_epochs=50, num_reviews=10_000))
        )
        assert list(told) == ["num_train_epochs"]
        assert "At most 1 min of one person's runs may wait" in told["num_train_epochs"]


def test_what_has_no_field_stands_at_the_button(services, sidebar):
    """A full queue, and a field that the class does not see."""
    form, page = sidebar.form, sidebar.page
    start = _started_by(page, "start")
    ask(You(services), "set_limits", {"waiting": "1"})
    with acting_as(ME):
        assert "was put into the queue" in start.fn(*entered(form))
        assert problems(form, form.validate(*entered(form))) == {}
        assert "pd-problem" in (told := start.fn(*entered(form)))
        assert "At most 1 run of one person may wait" in told
    set_page(services, "hide=seed")
    with acting_as(ME):
        assert problems(form, form.validate(*entered(form, seed=3))) == {}
        assert "seed must be 42 here, got 3" in start.fn(*entered(form, seed=3))


def _id(page, elem_id):
    return next(b._id for b in page.blocks.values() if getattr(b, "elem_id", None) == elem_id)


def _started_by(page, elem_id):
    """What a click on a button does, the emptying of earlier outcomes aside."""
    button = _id(page, elem_id)
    return next(fn for fn in page.fns.values() if (button, "click") in fn.targets and fn.fn)


def test_a_fixed_value_stays_when_the_method_is_switched(services):
    with gr.Blocks():
        form = Form({"base_model": models.BUILTIN_BASE}, services.changes)
    set_page(services, "fix=learning_rate&method=lora&learning_rate=0.005")
    ids = [slot.field.name for slot in form.slots]
    values = [control.value for control in form.inputs]
    values[ids.index("method")] = "ia3"
    rate = 1 + ids.index("learning_rate")
    with acting_as(ME):
        assert float(form.switch("lora", *values)[rate]["value"]) == 0.005
    assert float(form.switch("lora", *values)[rate]["value"]) != 0.005


@pytest.mark.slow
def test_pasted_values_and_links_are_held_to_it(services, sidebar):
    transfer = sidebar.transfer
    set_page(services, f"fix=r,num_reviews&num_reviews=600&{LORA_4}")
    values = entered(sidebar.form, r=4, num_reviews=600)
    with acting_as(ME):
        for r, message in ((4, ""), (16, f"r must be 4 here, got 16: {FIXED}")):
            text = f"LoraConfig(r={r}, target_modules=['q_lin'])"
            told, *_ = transfer._validate(text, *values)
            assert told["message"] == message
        notes, *_ = transfer.from_query("method=lora&r=16")
        assert "The link cannot be used: r must be 4 here" in notes
        _, *updates = transfer.from_query("method=ia3")
        shown = dict(zip((s.field.name for s in sidebar.form.slots), updates, strict=True))
        assert shown["num_reviews"]["value"] == 600
