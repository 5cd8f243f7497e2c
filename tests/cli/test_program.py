"""The program as a whole: its help, its refusals, what it loads."""

import pytest
from small_runs import run_program, run_python


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
