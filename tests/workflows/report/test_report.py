"""report.html: whole, escaped, the same each time, and silent where it must be."""

import re
import shutil
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from medsynth.core.errors import InputError
from medsynth.io.runs import Run
from medsynth.workflows.report.write import write_report
from medsynth.workflows.show import show

PARTS = ("verdict", "samples", "worst", "proof", "distributions", "acceptance", "lineage",
         "settings", "again", "limits")  # fmt: skip
EMPTY = {"meta", "img", "input", "br", "link", "hr"}


class Outline(HTMLParser):
    """What a page is made of; complains of tags that do not close."""

    def __init__(self, text):
        super().__init__()
        self.open, self.found = [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


def rewritten(run):
    return write_report(Run(run)).read_text(encoding="utf-8")


def text_of(run):
    return (run / "report.html").read_text(encoding="utf-8")


def test_one_file_with_every_part_in_order(whole):
    page = Outline(text := text_of(whole))
    ids = [attributes["id"] for tag, attributes in page.found if tag == "h2"]
    assert ids == list(PARTS)
    assert [each["href"] for each in page.all("a")][1:] == [f"#{each}" for each in PARTS]
    assert len(text) < 5_000_000
    assert "Not there yet" not in text
    assert "Contains patient images: do not share" in text
    assert text.index('class="verdict"') < text.index('class="facts"')  # what counts comes first


def test_nothing_is_fetched(whole):
    page = Outline(text := text_of(whole))
    assert all(each["src"].startswith("data:image/png;base64,") for each in page.all("img"))
    assert not page.all("link")
    assert all("src" not in each for each in page.all("script"))
    assert "http://" not in text
    assert "https://" not in text
    policy = page.all("meta")[1]["content"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_readable_without_eyes(whole):
    page = Outline(text_of(whole))
    levels = [int(tag[1]) for tag, _ in page.found if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    assert all(each["alt"] for each in page.all("img"))
    assert all(each["aria-label"] and each["role"] == "img" for each in page.all("svg"))
    assert len(page.all("caption")) == len(page.all("table"))
    assert all("scope" in each for each in page.all("th"))
    assert page.all("html")[0]["lang"] == "en"
    ids = [each["id"] for _, each in page.found if "id" in each]
    assert len(ids) == len(set(ids))


def test_names_from_the_data_are_escaped(whole):
    text = text_of(whole)
    assert "alert(1)" in text
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "rim &amp; core" in text
    assert text.count("<script>") == 1  # our own


def test_the_same_run_gives_the_same_bytes_wherever_it_lies(whole, tmp_path, weights):
    first = text_of(whole)
    moved = Path(shutil.copytree(whole, tmp_path / "elsewhere"))
    (moved / "report.html").unlink()
    assert rewritten(moved) == first
    for folder in (whole, weights, whole.parent, weights.parent, Path.home(), Path.cwd()):
        assert folder.as_posix() not in first
    assert "evaluate.weights=random.pth" in first  # its name alone


def test_what_is_not_there_says_what_makes_it(own):
    text = rewritten(own)
    for command in ("evaluate", "prove"):
        assert f"<code>medsynth {command} <span" in text
    assert "Quality, variety and copies were not measured." in text
    assert "data:image/png" in text  # samples are there
    Outline(text)


def test_a_run_without_samples_has_a_page_too(own):
    shutil.rmtree(own / "samples")
    text = rewritten(own)
    assert "medsynth augment --n 40" in text  # twice the 20 training pairs
    assert "0 images were made" in text
    Outline(text)


def test_images_once_left_out_stay_out(own, evaluated, proved):
    result = evaluated(own, "evaluate.report_images=false")
    assert result.report == own / "report.html"
    text = text_of(own)
    assert "data:image" not in text
    assert "Without images." in text
    assert "do not share" not in text
    assert "likeness" in text  # the worst pairs are named
    proved(own)
    assert "data:image" not in text_of(own)
    assert 'class="verdict"' in text_of(own)


def test_a_proof_can_leave_images_out(own, proved):
    proved(own, "evaluate.report_images=false")
    assert "data:image" not in rewritten(own)


def test_an_evaluation_of_fewer_samples_is_said_to_be_old(whole, tmp_path):
    run = Path(shutil.copytree(whole, tmp_path / "run"))
    path = run / "evaluation.json"
    path.write_text(path.read_text().replace('"samples": 12,', '"samples": 11,'))
    assert "looked at 11 samples; the run has 12 now" in rewritten(run)
    path.write_text("{")
    with pytest.raises(InputError, match=r"evaluation\.json is damaged"):
        rewritten(run)


def test_the_command_line_names_it(whole, medsynth, tmp_path):
    run = Path(shutil.copytree(whole, tmp_path / "run"))
    assert show(run).report == run / "report.html"
    assert f"{run}/report.html" in medsynth("show", run).out
    sets = ("prove.ratios=[0.5]", "prove.copy_paste=false", "prove.seeds=2", "prove.stops=2",
            "prove.segmenter={steps: 4, width: 4, batch: 4}")  # fmt: skip
    said = medsynth(
        "prove", "--run", run, "--device", "cpu", *(x for s in sets for x in ("--set", s))
    )
    assert said.code == 0
    assert said.out.splitlines()[-1].endswith(f"{run}/report.html")
