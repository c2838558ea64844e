import pytest


def pytest_collection_modifyitems(items):
    """pycocotools 2.0 itself sets off this warning under numpy 2; it is not ours to mend."""
    mark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
    for item in items:
        item.add_marker(mark)
