"""medsynth: more labelled medical images from the few you have.

The verbs of the command line as functions; importing this imports no torch.

    import medsynth
    run = medsynth.fit("data/", recipe="compact").run
    medsynth.augment(1000, run=run)
    medsynth.export("coco", run=run)
"""

from medsynth.api import augment, doctor, evaluate, export, fit, merge, perturb, prove

__version__ = "0.1.0"
__all__ = [
    "__version__",
    "augment",
    "doctor",
    "evaluate",
    "export",
    "fit",
    "merge",
    "perturb",
    "prove",
]
