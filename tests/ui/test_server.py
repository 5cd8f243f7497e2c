"""Serving: at once, at a free port, and as quietly as promised."""

import gc
import socket
import subprocess
import sys
import threading

import pytest
from uvicorn.config import HTTP_PROTOCOLS

from peft_demo.data import HUB_IMDB, IMDB
from peft_demo.errors import AssetError, PeftDemoError
from peft_demo.models import BUILTIN_BASE, HUB_BASE
from peft_demo.ui import server
from peft_demo.ui.form import fetching
from peft_demo.ui.server import free_port
from peft_demo.ui.services import Services


@pytest.mark.slow
def test_building_the_page_does_not_import_what_takes_seconds():
    script = (
        "import sys; from peft_demo.ui.server import build, Services; build(Services()); "
        "slow = ('torch', 'transformers', 'peft', 'statsmodels', 'sklearn'); "
        "print([name for name in slow if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_taken_port_gives_the_next_free_one():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert port < free_port("127.0.0.1", port) <= port + 100


def test_an_address_of_another_machine_is_refused_with_a_sentence():
    with pytest.raises(PeftDemoError, match=r"--host must be an address of this machine"):
        free_port("192.0.2.1", 7860)


def test_no_free_port_is_told(monkeypatch):
    monkeypatch.setattr("peft_demo.ui.server.PORTS_TRIED", 1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PeftDemoError, match=f"got {port}: none is free"):
            free_port("127.0.0.1", port)


@pytest.mark.parametrize(
    ("name", "chosen", "stays"),
    [("base_model", HUB_BASE, BUILTIN_BASE), ("dataset", HUB_IMDB, IMDB)],
)
def test_a_hub_choice_that_cannot_be_had_says_so_and_goes_back(name, chosen, stays):
    def unreachable(_):
        raise AssetError("the Hub cannot be reached")

    *_, (update, told) = fetching.fetch(name, unreachable, chosen)
    assert update["value"] == stays
    assert told["visible"]
    assert "the Hub cannot be reached" in told["value"]


def test_a_hub_choice_that_can_be_had_stays():
    *_, (update, told) = fetching.fetch("base_model", lambda _: None, HUB_BASE)
    assert "value" not in update
    assert not told["visible"]


class TestWarmUp:
    @pytest.fixture
    def reviews_loading(self, monkeypatch):
        """Set to let the reviews be loaded."""
        go_on = threading.Event()
        monkeypatch.setattr("peft_demo.data.load", lambda _: go_on.wait(60))
        return go_on

    @pytest.fixture
    def services(self, tmp_path, monkeypatch, reviews_loading):
        monkeypatch.setenv("PEFT_DEMO_HOME", str(tmp_path / "home"))
        services = Services()
        yield services
        reviews_loading.set()
        services._warming.join()
        services.close()

    @pytest.mark.slow
    def test_a_prediction_does_not_wait_for_the_reviews(self, services):
        services.start()
        (answer,) = services.predictor.predict("A fine film.", ["reference-recommended-lora"])
        assert answer.label in ("negative", "positive")
        assert services.warm_up.state == "loading"

    def test_garbage_is_collected_again_once_the_models_are_loaded(self, services, reviews_loading):
        gc.disable()  # as the command line does
        try:
            services.start()
            services.predictor.predict("A fine film.", ["reference-recommended-lora"])
            assert not gc.isenabled()
            reviews_loading.set()
            services._warming.join()
            assert gc.isenabled()
            assert gc.get_freeze_count() > 100_000
        finally:
            gc.unfreeze()
            gc.enable()

    def test_a_failure_leaves_nobody_waiting(self, services, monkeypatch):
        def fails(_):
            raise AssetError("The file model.safetensors is missing.")

        monkeypatch.setattr("peft_demo.models.load", fails)
        services.start()
        with pytest.raises(AssetError, match="is missing"):
            services.predictor.predict("A fine film.", ["reference-recommended-lora"])
        assert services.warm_up.state == "failed"


def test_no_more_than_200_visits_are_remembered_in_any_language(services, monkeypatch):
    """Gradio keeps some 0.3 MB of each, of 10,000 if nobody says otherwise."""
    told = {}
    monkeypatch.setattr(server, "build", lambda services: server.gr.Blocks())
    monkeypatch.setattr(server.gr.Blocks, "launch", lambda page, **options: told.update(options))
    monkeypatch.setitem(HTTP_PROTOCOLS, "auto", "")
    server.launch(services, "127.0.0.1", 7860)
    assert HTTP_PROTOCOLS["auto"] == "peft_demo.ui.connections:Bounded"
    assert told["state_session_capacity"] == server.SESSIONS == 200
    assert server._other(services).state_session_capacity == server.SESSIONS
