"""The commands as people type them, one after the other."""

import json
import shutil

import pytest

from medsynth.exporters.exporter import EXPORTERS


def images(run):
    return {p.relative_to(run): p.read_bytes() for p in (run / "samples").rglob("*.png")}


def test_from_a_folder_to_a_data_set(medsynth, blobs, recipe, tmp_path):
    """No path between the commands: each goes on with the latest run."""
    data = blobs()
    said = medsynth("doctor", data, "--recipe", recipe)
    assert said.code == 0
    assert "14 usable pairs of 14" in said.out
    assert "a fit would take: device cpu" in said.out
    assert "0 errors" in said.out

    said = medsynth("fit", data, "--recipe", recipe)
    assert said.code == 0
    assert "Fitted runs/data-1 on 10 training pairs: 3 base + 4 siamese steps" in said.out
    assert "medsynth augment" in said.out
    assert "warning: 10 training pairs are few" in said.err
    run = tmp_path / "runs" / "data-1"

    said = medsynth("augment", "--n", 6)
    assert said.code == 0
    assert "holds 6 samples (6 new)" in said.out
    first = images(run)
    assert len(first) == 12

    formats = [name for name in EXPORTERS.names() if name not in ("transunet", "nifti")]
    said = medsynth("export", "--format", "transunet")
    assert (said.code, "these images are RGB" in said.err) == (3, True)
    for name in formats:
        said = medsynth("export", "--format", name)
        assert said.code == 0, said.err
        assert f"{name}: written" in said.out
        assert (run / "exports" / name / "export.json").is_file()
        assert "already up to date" in medsynth("export", "--format", name).out

    said = medsynth("show")
    assert said.code == 0
    for part in (
        str(run),
        "10 train",
        "foreground",
        "base 3 of 3, siamese 4 of 4",
        *formats,
    ):
        assert part in said.out
    assert "medsynth augment --n 20" in said.out

    assert medsynth("augment", "--n", 9).code == 0
    after = images(run)
    assert len(after) == 18
    assert {name: after[name] for name in first} == first
    said = medsynth("export", "--format", "folder")
    assert said.code == 2
    assert "--overwrite" in said.err
    assert medsynth("export", "--format", "folder", "--overwrite").code == 0


def test_show_tells_the_next_command_at_every_stage(medsynth, own_run, tmp_path):
    def next_of(run):
        return json.loads(medsynth("show", run, "--json").out)["next"]

    run = own_run
    assert next_of(run) == f"medsynth augment --n 20 --run {run}", "twice the 10 training pairs"
    said = medsynth("augment", "--n", 2, "--run", run)
    assert next_of(run) == f"medsynth export --format coco --run {run}"
    assert said.out.endswith(f"Next: {next_of(run)}\n")
    medsynth("export", "--format", "hdf5", "--run", run)
    assert next_of(run) == f"medsynth augment --n 20 --run {run}"
    said = medsynth("augment", "--n", 20, "--run", run)
    assert next_of(run) == f"medsynth export --format hdf5 --overwrite --run {run}"
    assert said.out.endswith(f"Next: {next_of(run)}\n")
    assert medsynth(*next_of(run).split()[1:]).code == 0
    assert next_of(run) == f"medsynth evaluate --run {run}"
    (run / "evaluation.json").write_text("{}")
    assert next_of(run) == f"medsynth prove --run {run}"
    (run / "proof").mkdir()
    (run / "proof" / "proof.json").write_text("{}")
    assert next_of(run) == ""
    assert "nothing: it was exported, evaluated and proved" in medsynth("show", run).out


def test_exports_of_other_samples_than_those_of_now_are_marked(medsynth, own_run):
    def exports():
        (line,) = [li for li in medsynth("show", run).out.splitlines() if li[:7] == "exports"]
        return line[9:]

    run = own_run
    medsynth("augment", "--n", 2, "--run", run)
    medsynth("export", "--format", "hdf5", "--run", run)
    ratio = ("--set", "export.ratio=0.1")
    medsynth("export", "--format", "folder", "--run", run, *ratio)
    assert exports() == "folder, hdf5"
    medsynth("augment", "--n", 3, "--run", run)
    assert exports() == "none of these samples; of earlier samples: folder (of 2), hdf5 (of 2)"
    medsynth("export", "--format", "folder", "--run", run, "--overwrite", *ratio)
    assert exports() == "folder; of earlier samples: hdf5 (of 2)"
    found = json.loads(medsynth("show", run, "--json").out)
    assert (found["exports"], found["stale"]) == (["folder", "hdf5"], {"hdf5": 2})
    shutil.rmtree(run / "samples")
    medsynth("augment", "--n", 3, "--seed", 8, "--run", run)
    assert exports() == "none of these samples; of earlier samples: folder (of 3), hdf5 (of 2)"


def test_a_run_may_be_named_as_for_other_verbs_but_once(medsynth, own_run, tmp_path):
    assert medsynth("show", "--run", own_run).out == medsynth("show", own_run).out
    for words in (("show",), ("convert", "--to", "ldm", "--out", tmp_path / "x.ckpt")):
        said = medsynth(*words, own_run, "--run", own_run)
        assert said.code == 2
        assert "two runs are named" in said.err
        assert "Name one." in said.err


def test_show_of_a_fit_that_was_stopped(medsynth, own_run):
    shutil.rmtree(own_run / "checkpoints" / "siamese-0000004")
    said = medsynth("show", own_run)
    assert "base 3 of 3, siamese 2 of 4" in said.out
    assert f"medsynth fit --resume --run {own_run}" in said.out
    assert medsynth("fit", "--resume", "--run", own_run).code == 0
    assert "siamese 4 of 4" in medsynth("show", own_run).out


def test_dry_run_says_what_it_would_take_and_writes_nothing(medsynth, fitted, recipe, tmp_path):
    said = medsynth("fit", fitted.data, "--recipe", recipe, "--dry-run")
    assert said.code == 0
    assert "10 training pairs, 3 base + 4 siamese steps, device cpu" in said.out
    assert "minutes" in said.out
    assert "memory" in said.out
    assert list(tmp_path.iterdir()) == []


def test_beginning_with_another_run(medsynth, fitted, recipe, tmp_path):
    said = medsynth(
        "fit", fitted.data, "--recipe", recipe, "--init-from", fitted.run, "--run", "mine"
    )
    assert said.code == 0
    assert "0 base + 4 siamese steps" in said.out
    assert (tmp_path / "mine" / "recipe.yaml").is_file()


def test_minutes(medsynth, fitted, recipe, tmp_path):
    said = medsynth("fit", fitted.data, "--recipe", recipe, "--max-minutes", "0.1", "--dry-run")
    assert said.code == 0
    minutes = float(said.out.split("about ")[1].split(" ")[0])
    assert minutes <= 0.2


def test_every_recipe_can_be_listed_shown_copied_and_checked(medsynth, tmp_path):
    listed = medsynth("recipes", "ls")
    assert listed.code == 0
    for name in json.loads(medsynth("recipes", "ls", "--json").out):
        assert name in listed.out
        assert medsynth("recipes", "check", name).out == f"{name} is a good recipe.\n"
        shown = medsynth("recipes", "show", name).out
        assert shown.startswith("# ")
        assert medsynth("recipes", "copy", name, f"{name}-mine.yaml").code == 0
        assert (tmp_path / f"{name}-mine.yaml").read_text().rstrip() == shown.rstrip()
        (tmp_path / "full.yaml").write_text(medsynth("recipes", "show", name, "--full").out)
        again = medsynth("recipes", "show", "full.yaml", "--full").out
        assert again == (tmp_path / "full.yaml").read_text()


def test_recipes_say_which_one_is_the_default(medsynth):
    found = json.loads(medsynth("recipes", "ls", "--json").out)
    assert [name for name, text in found.items() if "default" in text.lower()] == []
    assert "`medsynth fit data/` uses" in found["auto"]


def test_masks_alone_say_what_images_are_made_of_them_by(medsynth, fitted, recipe):
    said = medsynth("perturb", fitted.data, "--n", 2, "--out", "new", "--recipe", recipe)
    assert said.code == 0, said.err
    assert said.out.endswith("run fitted on this data: medsynth augment --masks new\n")


def test_plugins_and_citation(medsynth):
    found = json.loads(medsynth("plugins", "--json").out)
    assert found["export format"]["coco"] == "medsynth"
    kinds = {"data layout reader", "mask operator", "export format", "backbone", "objective"}
    kinds |= {"gate", "feature extractor"}
    assert set(found) == kinds
    table = medsynth("plugins").out
    assert all(name in table for names in found.values() for name in names)
    assert "arXiv:2505.06068" in medsynth("cite").out
    assert medsynth("--version").out.startswith("medsynth 0.")


def test_every_verb_takes_json():
    import typer.main

    from medsynth.cli.app import app

    def leaves(command, words=()):
        inner = getattr(command, "commands", None)
        if inner is None:
            yield " ".join(words), {name for option in command.params for name in option.opts}
            return
        for name, each in inner.items():
            yield from leaves(each, (*words, name))

    found = dict(leaves(typer.main.get_command(app)))
    assert {"fit", "recipes check", "cite"} <= found.keys()
    assert [verb for verb, options in found.items() if "--json" not in options] == []


VERBS = [
    "doctor", "fit", "augment", "export", "show", "plugins", "cite",
    "recipes ls", "recipes show", "recipes check", "recipes copy",
]  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_json_is_one_object_on_standard_output_and_nothing_else(
    medsynth, own_augmented, fitted, recipe, verb
):
    run = own_augmented
    arguments = {
        "doctor": [fitted.data, "--recipe", recipe],
        "fit": [fitted.data, "--recipe", recipe, "--dry-run"],
        "augment": ["--n", 7, "--run", run],
        "export": ["--format", "coco", "--run", run],
        "show": [run],
        "recipes show": ["compact"],
        "recipes check": ["compact"],
        "recipes copy": ["compact", "mine.yaml"],
    }.get(verb, [])
    said = medsynth(*verb.split(), *arguments, "--json")
    assert said.code == 0
    assert isinstance(json.loads(said.out), dict)
    assert "\x1b" not in said.out + said.err


def test_json_of_a_fit_says_how_it_ended(medsynth, fitted, recipe):
    said = medsynth("fit", fitted.data, "--recipe", recipe, "--json", "--run", "r")
    found = json.loads(said.out)
    assert found["run"] == "r"
    assert found["steps"] == {"base": 3, "siamese": 4}
    assert found["warnings"][0].startswith("10 training pairs are few")


def test_names_are_printed_as_they_are(medsynth, fitted, recipe, tmp_path):
    """Neither markup nor emoji in them."""
    name = ":smile:[red]x"
    said = medsynth("fit", fitted.data, "--recipe", recipe, "--run", name, "--steps", 1)
    assert f"Fitted {name} on" in said.out
    assert f"{name}/grids" in said.out
    assert name in medsynth("show", name).out
    assert f"error: there is no run {name}2" in medsynth("show", f"{name}2").err


def test_an_error_is_one_object_on_standard_output_where_json_is_asked_for(medsynth, tmp_path):
    said = medsynth("show", "gone")
    assert (said.code, said.out) == (2, "")
    (error,) = [line[7:] for line in said.err.splitlines() if line.startswith("error: ")]
    (tip,) = [line[5:] for line in said.err.splitlines() if line.startswith("tip: ")]
    again = medsynth("show", "gone", "--json")
    assert (again.code, again.err) == (2, said.err)
    assert json.loads(again.out) == {"error": error, "tip": tip, "exit": 2}


def test_an_error_with_a_name_that_is_no_text_can_be_read_by_machines(medsynth):
    said = medsynth("show", "gone\udcff", "--json")
    assert said.code == 2
    assert "gone\\udcff" in json.loads(said.out)["error"]


def test_every_verb_that_fails_says_so_to_machines(medsynth, tmp_path):
    for arguments, code in (
        (("doctor", "gone"), 3),
        (("fit", "gone"), 3),
        (("augment", "--n", 2), 2),
        (("merge",), 2),
        (("evaluate",), 2),
        (("prove",), 2),
        (("export", "--format", "coco"), 2),
        (("perturb", "gone", "--n", 2, "--out", "masks"), 3),
        (("recipes", "show", "gone"), 2),
        (("convert", "gone", "--to", "ldm", "--out", "x.ckpt"), 2),
        (("import", "gone.pth", "--run", "new"), 3),
        (("fit", "--stpes", "3"), 2),
        (("export",), 2),
    ):
        said = medsynth(*arguments, "--json")
        found = json.loads(said.out)
        assert (said.code, found["exit"]) == (code, code), arguments
        assert set(found) == {"error", "tip", "exit"}
        assert found["error"]
        assert said.err


def test_a_bug_and_a_stop_say_so_to_machines_too(monkeypatch, capsys):
    from medsynth.cli.console import run_guarded

    monkeypatch.setattr("sys.argv", ["medsynth", "show", "--json"])
    with pytest.raises(ZeroDivisionError):
        run_guarded(lambda: 1 // 0)
    assert json.loads(capsys.readouterr().out)["exit"] == 1

    def stop():
        raise KeyboardInterrupt

    assert run_guarded(stop) == 130
    assert json.loads(capsys.readouterr().out)["error"] == "interrupted."
