"""The report in a real browser: quiet, pictures decoded, filter and keyboard work, nothing wide."""

import json

import pytest

from tests.browser import Browser, find_browser

pytestmark = pytest.mark.skipif(
    find_browser() is None,
    reason="no Chromium here (apt-get install chromium, or MEDSYNTH_BROWSER=PATH)",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as one:
        yield one


@pytest.fixture
def page(browser, whole):
    browser.open(whole / "report.html")
    return browser


def shown(page):
    return page.run("[...document.querySelectorAll('[data-classes]')].filter(e => e.offsetParent)"
                    ".map(e => e.dataset.classes)")  # fmt: skip


def test_it_loads_quietly_and_fetches_nothing_but_itself(page, whole):
    images = "[...document.images]"
    assert page.run(f"Promise.all({images}.map(i => i.decode().then(() => 0)))")
    assert page.run(f"{images}.every(i => i.complete && i.naturalWidth > 0)")
    assert page.complaints == []
    assert set(page.fetched) == {(whole / "report.html").resolve().as_uri()}


def test_no_class_name_runs_as_script(page):
    assert page.run("document.scripts.length") == 1
    assert page.run("document.querySelector('#filter').innerText").count("<script>") == 1


def test_the_filter_shows_one_class(page):
    every = shown(page)
    assert {"1", "2"} & {c for each in every for c in each.split()}
    page.click("#filter input[value='2']")
    some = shown(page)
    assert some == [each for each in every if "2" in each.split()]
    assert page.run("document.querySelector('#shown').textContent") == f"{len(some)} samples shown."
    page.click("#filter input[value='']")
    assert shown(page) == every


def test_the_keyboard_reaches_all_that_can_be_used(page):
    page.press("Tab", 9)
    assert page.run("document.activeElement.className") == "skip"
    assert page.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    reached = set()
    for _ in range(60):
        page.press("Tab", 9)
        reached.add(page.run("document.activeElement.outerHTML.slice(0, 60)"))
    wanted = page.run("[...document.querySelectorAll('a, pre, .scroll, input:checked')]"
                      ".map(e => e.outerHTML.slice(0, 60))")  # fmt: skip
    assert set(wanted[1:]) <= reached, json.dumps(sorted(set(wanted) - reached))


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_wider_than_the_window(browser, whole, width):
    browser.open(whole / "report.html", width=width)
    assert browser.run("document.documentElement.scrollWidth") <= width
    wide = browser.run(
        "[...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll'))"
        f".filter(e => e.getBoundingClientRect().right > {width})"
        ".map(e => e.outerHTML.slice(0, 80))"
    )
    assert wide == []


@pytest.mark.parametrize("dark", [False, True])
def test_words_stand_out_from_their_ground(browser, whole, dark):
    """WCAG AA: 4.5 to 1."""
    browser.open(whole / "report.html", dark=dark)
    ratios = browser.run(CONTRAST)
    assert len(ratios) > 50
    assert min(ratios) >= 4.5
    grounds = browser.run("getComputedStyle(document.body).backgroundColor")
    assert grounds == ("rgb(20, 23, 26)" if dark else "rgb(255, 255, 255)")


def test_it_prints_without_what_only_screens_need(browser, whole, tmp_path):
    browser.open(whole / "report.html", print_it=True, dark=True)
    assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.run("document.querySelector('nav').offsetParent") is None
    assert browser.run("getComputedStyle(document.querySelector('.scroll')).overflowX") == "visible"
    browser.printed(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


CONTRAST = """
(() => {
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
      .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = e => {
    const own = getComputedStyle(e).backgroundColor;
    return own.endsWith(', 0)') && e.parentElement ? ground(e.parentElement) : own;
  };
  return [...document.querySelectorAll('body *')]
    .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .filter(e => !['SCRIPT', 'title'].includes(e.tagName))
    .map(e => {
      const style = getComputedStyle(e);
      const ink = e.closest('svg') ? style.fill : style.color;
      const [a, b] = [light(ink), light(ground(e))].sort((x, y) => y - x);
      return (a + 0.05) / (b + 0.05);
    });
})()
"""
