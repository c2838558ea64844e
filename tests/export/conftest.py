import pytest

FILTERS = (
    # pycocotools 2.0 itself sets off this warning under numpy 2; it is not ours to mend.
    "ignore:__array__ implementation:DeprecationWarning",
    # MONAI makes a DICOM reader, whatever it reads, and misses a plugin where pydicom is there.
    "ignore:NvImgCodecPydicomReader:UserWarning",
)


def pytest_collection_modifyitems(items):
    for item in items:
        for text in FILTERS:
            item.add_marker(pytest.mark.filterwarnings(text))
