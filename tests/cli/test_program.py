"""The program as a whole: its help, its refusals, what it loads."""

import pytest
from small_runs import one_module, run_program, run_python, set_options


@pytest.mark.slow
class TestAsAProgram:
    def test_help_lists_every_verb(self, home):
        done = run_program(home, "--help")
        assert done.returncode == 0
        verbs = (
            *("train", "predict", "runs", "show", "methods", "cancel", "delete"),
            *("restore", "annotate", "export-base", "reference", "serve"),
        )
        for verb in verbs:
            assert verb in done.stdout

    def test_a_bad_argument_is_one_sentence_on_stderr(self, home):
        done = run_program(home, "train", "--set", "r=0", "--json")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == ('Error: r must be a whole number between 1 and 256, got "0".\n')

    def test_lists_need_no_torch(self, home):
        code = (
            "import sys; sys.argv[1:] = ['methods']\n"
            "from peft_demo import cli\n"
            "try: cli.main()\nexcept SystemExit: pass\n"
            "sys.exit('torch' in sys.modules)"
        )
        assert run_python(code, home).returncode == 0


@pytest.mark.parametrize("port", ["0", "70000", "abc"])
def test_a_port_that_is_none_ends_with_2(command, port):
    done = command("serve", "--port", port)
    assert done.status == 2
    assert "--port" in done.err


NOISY = ("adalora", "shira", "randlora", "full_ft")
"""peft warns of the first three; transformers draws bars while it saves and loads the last."""

COMMANDS = """
import sys
from peft_demo import cli

for arguments in {commands}:
    sys.argv[1:] = arguments
    try:
        cli.main()
    except SystemExit as end:
        print("ended with", end.code, flush=True)
"""


@pytest.mark.slow
class TestStandardError:
    """Only our own lines: what a person can act on."""

    def test_no_command_lets_a_library_speak(self, home, tmp_path):
        small = {"num_train_epochs": 1, "num_reviews": 20}
        trainings = [
            ["train", *set_options(method=method, **small, **few(method))] for method in NOISY
        ]
        base = str(tmp_path / "base")
        commands = [
            *trainings,
            ["export-base", base],
            ["import-adapter", str(home / "run-000002"), "--name", "again"],
            ["count", "--set", "method=randlora"],
            ["predict", "A fine film.", "--run", "run-000001", "--run", "run-000005"],
            ["runs"],
        ]
        done = run_python(COMMANDS.format(commands=commands), home, HF_HUB_OFFLINE="1")
        assert done.stderr == "max_length 16 is taken from run.json.\n"  # our own note
        assert done.stdout.count("ended with 0") == len(commands), done.stdout

    def test_errors_are_told_all_the_same(self, home):
        code = (
            "import logging, sys, warnings; sys.argv[1:] = ['runs']\n"
            "from peft_demo import cli\n"
            "try: cli.main()\nexcept SystemExit: pass\n"
            "warnings.warn('nobody can act on this')\n"
            "for name in ('peft.tuners', 'peft_demo.storage'):\n"
            "    logging.getLogger(name).warning('a warning of %s', name)\n"
            "    logging.getLogger(name).error('an error of %s', name)\n"
        )
        assert run_python(code, home).stderr.splitlines() == [
            "ERROR peft.tuners: an error of peft.tuners",
            "WARNING peft_demo.storage: a warning of peft_demo.storage",
            "ERROR peft_demo.storage: an error of peft_demo.storage",
        ]

    def test_who_asks_python_for_warnings_gets_them(self, home):
        code = (
            "import sys, warnings; sys.argv[1:] = ['runs']\n"
            "from peft_demo import cli\n"
            "try: cli.main()\nexcept SystemExit: pass\n"
            "warnings.warn('asked for')\n"
        )
        assert "UserWarning: asked for" in run_python(code, home, PYTHONWARNINGS="default").stderr


def few(method: str) -> dict[str, str]:
    return {name: ",".join(modules) for name, modules in one_module(method).items()}
