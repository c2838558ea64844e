"""A run without a fit: real pairs in an index, and samples put into its store."""

import numpy as np

from medsynth.core.keys import key_of
from medsynth.core.types import Mask, Sample
from medsynth.data.index import DataIndex, build_index
from medsynth.data.load import load_sample
from medsynth.data.options import DataOptions
from medsynth.data.trained_on import own_pairs, write_trained_on
from medsynth.io.images import write_png
from medsynth.io.runs import Run
from medsynth.store.lineage import Lineage
from medsynth.store.samples import NewSample, SampleStore

PAIRS, SIZE = 10, 16


def make_run(folder):
    """A run of ten pairs, with what its weights would have learned from."""
    rng = np.random.default_rng(0)
    for k in range(PAIRS):
        image = rng.integers(0, 256, (20, 20 + k, 3), dtype=np.uint8)
        labels = np.zeros(image.shape[:2], np.uint8)
        labels[4 : 8 + k, 5:15] = 255
        write_png(folder / "data" / "images" / f"p{k}.png", image)
        write_png(folder / "data" / "masks" / f"p{k}.png", labels)
    made = Run(folder / "runs" / "polyps-1")
    made.path.mkdir(parents=True)
    made.recipe.write_text("seed: 0\n")
    index = build_index(folder / "data", DataOptions(size=SIZE), seed=1)
    index.save(made.path)
    write_trained_on(made.path, own_pairs(made.path, index))
    return made


def augment(run, count, sources=None, first=0, gates=None, steps=({"op": "flip"},), sampler=None):
    """Put samples into the store: flipped masks of train in turn, under noise."""
    index = DataIndex.load(run.path)
    train = index.split("train")
    rng = np.random.default_rng(first)
    new = []
    for k in range(first, first + count):
        source = train[k % len(train)]
        labels = np.ascontiguousarray(load_sample(index, source).mask.labels[:, ::-1])
        names = (source.id,) if sources is None else sources
        judged = {} if gates is None else gates[k]
        lineage = Lineage(names, steps, 7, "c" * 64, sampler or {}, judged)
        image = rng.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
        sample = Sample(key_of(k), image, Mask(labels), "train", "synthetic", source.group)
        new.append(NewSample(sample, k, lineage))
    SampleStore(run.samples).add(new)
