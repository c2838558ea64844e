"""Plugins are found as pip leaves them: `*.dist-info` folders on the import path."""

import pytest

from medsynth.core.errors import InputError, UsageError
from medsynth.core.registry import Registry

GROUP = "medsynth.tests"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a distribution that is nothing but its metadata and perhaps a module."""

    def install(name, points, module=None):
        site = tmp_path / name
        info = site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = [f"{key} = {value}" for key, value in points.items()]
        (info / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines, ""]))
        if module is not None:
            (site / f"{name}.py").write_text(module)
        monkeypatch.syspath_prepend(str(site))

    return install


def test_plugins_of_two_distributions_are_listed_and_loaded(install):
    install("alpha", {"invert": "alpha:Invert"}, "class Invert: pass\n")
    install("beta", {"blur": "beta:Blur"}, "class Blur: pass\n")
    registry = Registry(GROUP, "operator")
    assert registry.names() == ["blur", "invert"]
    assert registry.providers() == {"blur": "beta", "invert": "alpha"}
    assert [item.__name__ for _, item in registry.items()] == ["Blur", "Invert"]


def test_two_plugins_that_claim_one_name_are_both_named(install):
    install("alpha2", {"invert": "alpha2:Invert"})
    install("beta2", {"invert": "beta2:Other"})
    with pytest.raises(InputError) as caught:
        Registry(GROUP, "operator").names()
    for part in ("'invert'", "alpha2", "alpha2:Invert", "beta2", "beta2:Other"):
        assert part in caught.value.what
    assert "Uninstall one" in caught.value.tip


def test_one_plugin_seen_twice_is_no_quarrel(install):
    """An editable install and its wheel may both lie on the path."""
    install("alpha3", {"invert": "shared:Invert"})
    install("beta3", {"invert": "shared:Invert"})
    assert Registry(GROUP, "operator").names() == ["invert"]


def test_unknown_names_get_a_suggestion_or_the_list(install):
    install("alpha4", {"invert": "alpha4:Invert", "blur": "alpha4:Blur"})
    registry = Registry(GROUP, "operator")
    with pytest.raises(UsageError, match="unknown operator 'invret': did you mean 'invert'"):
        registry.get("invret")
    with pytest.raises(UsageError, match="known: blur, invert"):
        registry.get("zzz")


def test_a_plugin_that_cannot_be_imported_is_named_with_its_distribution(install):
    install("alpha5", {"broken": "alpha5_missing:Thing", "half": "alpha5:Gone"}, "x = 1\n")
    registry = Registry(GROUP, "operator")
    with pytest.raises(InputError, match="'broken' of alpha5 cannot be imported") as caught:
        registry.get("broken")
    assert caught.value.tip == "Reinstall alpha5."
    with pytest.raises(InputError, match="'half' of alpha5"):
        registry.get("half")


def test_a_plugin_whose_extra_is_missing_says_how_to_install_it(install):
    install("alpha7", {"mine": "alpha7:Mine [dicom]"}, "import no_such_module_of_an_extra\n")
    with pytest.raises(InputError, match="no_such_module_of_an_extra") as caught:
        Registry(GROUP, "operator").get("mine")
    assert caught.value.tip == 'Run: pip install "alpha7[dicom]"'


def test_a_broken_plugin_does_not_keep_others_from_being_listed(install):
    install("alpha6", {"broken": "nowhere:Thing"})
    assert Registry(GROUP, "operator").names() == ["broken"]
