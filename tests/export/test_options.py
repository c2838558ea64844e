import pytest

from medsynth.core.errors import UsageError
from medsynth.core.options import walk_fields
from medsynth.exporters.coco import CocoOptions
from medsynth.exporters.exporter import EXPORTERS
from medsynth.exporters.options import ExportOptions, options_of


def test_every_key_is_flat_and_has_a_help_text():
    fields = dict(walk_fields(ExportOptions))
    assert all(fields.values())
    assert {"ratio", "segmentation", "mask_values", "min_area_px", "gzip_level"} <= set(fields)


def test_no_two_formats_claim_one_key_with_two_meanings():
    owners = {}
    for name, exporter in EXPORTERS.items():
        for key in exporter.options.model_fields:
            assert owners.setdefault(key, name) == name


def test_a_format_gets_its_own_keys():
    options = ExportOptions(segmentation="polygon", mask_values="255")
    assert options_of("coco", CocoOptions, options) == CocoOptions(segmentation="polygon")


def test_wrong_plugin_keys_are_refused():
    options = ExportOptions(plugin={"coco": {"min_area": 3}})
    with pytest.raises(UsageError, match="did you mean 'min_area_px'"):
        options_of("coco", CocoOptions, options)
