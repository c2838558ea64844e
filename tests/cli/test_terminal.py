"""Help without torch, colours only where they are wanted."""

import os
import re
import subprocess
import sys

import pytest

SCRIPT = """
import sys

class Blocked:
    names = {"torch", "diffusers", "transformers", "skimage", "scipy", "pandas", "tensorboard"}

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocked())
import typer.main
from medsynth.cli.app import app, main

def verbs(command, words):
    yield words
    for name, inner in getattr(command, "commands", {}).items():
        yield from verbs(inner, [*words, name])

def run(*words):
    sys.argv = ["medsynth", *words]
    try:
        main()
    except SystemExit as exit_:
        assert not exit_.code, (words, exit_.code)

for words in list(verbs(typer.main.get_command(app), [])):
    print("#", *words)
    run(*words, "--help")
Blocked.names = {"torch", "diffusers", "transformers"}
for words in ("--version", "recipes ls", "recipes check compact", "plugins", "cite"):
    run(*words.split())
assert not [name for name in Blocked.names if name in sys.modules]
"""


def test_help_and_small_verbs_need_no_torch():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    asked = re.findall(r"^#(.*)$", done.stdout, re.MULTILINE)
    verbs = {words.strip() for words in asked}
    assert {
        "",
        "doctor",
        "fit",
        "augment",
        "export",
        "perturb",
        "show",
        "recipes",
        "recipes copy",
    } <= verbs
    assert done.stdout.count("Usage:") == len(asked)
    for option in (
        "--resume",
        "--init-from",
        "--max-minutes",
        "--dry-run",
        "--json",
        "--overwrite",
    ):
        assert option in done.stdout


def test_the_module_runs_too():
    done = subprocess.run(
        [sys.executable, "-m", "medsynth", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("medsynth ")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
@pytest.mark.parametrize("no_colour", [False, True])
def test_colours_only_where_they_are_wanted(no_colour):
    import pty

    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    environment |= {"TERM": "xterm-256color"} | ({"NO_COLOR": "1"} if no_colour else {})
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "medsynth", "recipes", "show", "compct"]
    done = subprocess.run(
        command, stdin=slave, stdout=slave, stderr=slave, env=environment, check=False
    )
    os.close(slave)
    said = os.read(master, 10_000).decode()
    os.close(master)
    assert done.returncode == 2
    assert "did you mean 'compact'?" in said
    assert (re.search(r"\x1b\[[0-9;]*3[0-9]", said) is None) == no_colour


def test_plain_lines_where_there_is_no_terminal(medsynth, blobs):
    said = medsynth("doctor", blobs(), "--quick")
    assert said.code == 0
    assert "doctor 14/14 examining" in said.err
    assert "\x1b" not in said.err + said.out
    assert "\r" not in said.err
