import numpy as np
import pytest
import yaml

from medsynth.core.errors import InputError
from medsynth.core.options import Options
from medsynth.core.types import LabelClass
from medsynth.exporters.components import parts
from medsynth.exporters.deliver import deliver
from medsynth.exporters.options import ExportOptions
from medsynth.exporters.yolo_seg import YoloSeg
from medsynth.exporters.yolo_semantic import YoloSemantic

from .readers import picture, yolo_rows
from .sets import ONE, make_set, quiet


def exported(name, out, **what):
    export_set = make_set(**what)
    result = deliver(name, export_set, out, ExportOptions(), quiet)
    data = yaml.safe_load((out / "data.yaml").read_text(encoding="utf-8"))
    return export_set, result, data


@pytest.mark.parametrize("instances", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_each_object_is_a_row_of_its_class(channels, instances, tmp_path):
    export_set, _, data = exported(
        "yolo-seg", tmp_path / "out", channels=channels, instances=instances
    )
    assert data["names"] == {0: "polyp", 1: "Gerät"}
    assert data["channels"] == channels
    assert "path" not in data
    for sample in export_set:
        image = picture(tmp_path / "out" / data[sample.split] / f"{sample.id}.png")
        assert np.array_equal(image.reshape(sample.image.shape), sample.image)
        path = tmp_path / "out" / "labels" / sample.split / f"{sample.id}.txt"
        found = list(yolo_rows(path, sample.mask.hw))
        objects = list(parts(sample.mask))
        assert [class_id + 1 for class_id, _ in found] == [part.class_id for part in objects]
        for (_, mask), part in zip(found, objects, strict=True):
            top, left, height, width = part.box
            box = mask[top : top + height, left : left + width]
            assert box[part.pixels].all()
            if not instances:
                assert np.array_equal(box, part.pixels)


def test_what_a_single_outline_loses_is_said_once_with_figures(tmp_path):
    _, result, _ = exported("yolo-seg", tmp_path / "out", instances=True)
    assert result.notes[0] == "45 objects."
    assert result.notes[1].startswith("With holes: 4 objects; in several pieces:")
    (ious,) = [note for note in result.notes if "IoU" in note]
    mean, worst = (
        float(text) for text in ious.split("IoU ")[1].split(" at")[0].split(" on average, ")
    )
    assert 0.3 < worst < mean < 1
    _, result, _ = exported("yolo-seg", tmp_path / "exact")
    assert len([note for note in result.notes if "IoU" in note]) == 1
    assert result.notes[-1].endswith("IoU 1.0000 on average, 1.0000 at worst.")
    told = " ".join(result.notes)
    assert all(told.count(note) == 1 for note in result.notes)


def test_semantic_masks_have_the_background_as_class_0(tmp_path):
    export_set, result, data = exported("yolo-semantic", tmp_path / "out", instances=True)
    assert data["names"] == {0: "background", 1: "polyp", 2: "Gerät"}
    assert data["masks_dir"] == "masks"
    assert "Instance ids are not kept" in result.notes[0]
    for sample in export_set:
        path = tmp_path / "out" / "masks" / sample.split / f"{sample.id}.png"
        assert np.array_equal(picture(path), sample.mask.labels)


@pytest.mark.parametrize("exporter", [YoloSeg, YoloSemantic])
def test_what_ultralytics_cannot_train_with_is_said_or_refused(exporter):
    from dataclasses import replace

    export_set = make_set()
    train = tuple(row for row in export_set.rows if row.split == "train")
    notes = exporter().check(replace(export_set, rows=train), Options())
    assert "no val split" in notes[-1]
    gap = replace(export_set, classes=(*ONE, LabelClass(5, "five")))
    with pytest.raises(InputError, match="class ids 0 to 2, but the set has 0, 1, 5"):
        exporter().check(gap, Options())
