import pytest

from .forked import Forked
from .verbs import all_verbs


@pytest.fixture(scope="session")
def forked():
    forked = Forked()
    yield forked
    forked.close()


@pytest.fixture(scope="session")
def verbs(tmp_path_factory, forked, blobs_anywhere, recipe_text):
    """fit, augment, export and prove, each run once; beside them is room to kill them."""
    root = tmp_path_factory.mktemp("verbs")
    (root / "tiny.yaml").write_text(recipe_text)
    blobs_anywhere(root / "data", n=40)
    return all_verbs(forked, root)
