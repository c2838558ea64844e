"""SHARING.md: what a shared run holds, what it does not, and what it may reveal all the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from medsynth.core.types import LabelClass
from medsynth.core.words import counted
from medsynth.workflows.export.facts import model_facts
from medsynth.workflows.recipe import Recipe

NAME = "SHARING.md"
TEXT = """\
# A run of medsynth, given away without its data

Weights of a mask-conditioned diffusion model, the recipe that they were fitted by, and {masks}
planned masks. Fitted on {pairs} pairs of {groups} groups (patients, where the data names them).

## Use

```bash
pip install medsynth
medsynth show THIS_FOLDER
medsynth augment --run THIS_FOLDER --n 200          # images of the masks in here
medsynth augment --run THIS_FOLDER --masks MINE     # or of your own: {height}x{width}, same classes
medsynth export --run THIS_FOLDER --format coco     # synthetic pairs only; there are no others
```

Classes (value in a mask that medsynth writes): {classes}.
Images of the masks in here are those that the run at home makes of them, byte by byte on the CPU
with the same versions (run.json), unless a gate refused one there. Beyond the last mask the plan
goes on from these masks.

## What is not in here

No image, latent, sample grid or log; no name of a file, patient or group; no path; no hash of an
image or of a real mask; no label or prompt in words (they are numbered); no segmenter, no state of
the optimizer, and no weights but the averaged ones. Masks are numbered by their place in the plan,
and nothing says which of them come from one patient.

So nobody can look up here whose images the weights have learned from: exports say so, and cannot
check that your own val and test images are not among them. Ask whoever gave it to you. The gates
`faithful` and `novel` are off, for they need the real pairs, as `evaluate` and `prove` do.

## What it may reveal all the same

**The weights.** A model may have memorised images that it was fitted on, few or often repeated
ones above all, and give them back; and its loss may tell whether an image was among them. Codec
and network hold averages of the training images (means, principal components, norms).
{measured}

**The masks.** Each was made from real ones by deformation, and may keep the outline of an object
nearly as it was, or whole objects at another place. {likeness}
{held_back}
Whoever has a real mask can tell that a mask in here resembles it.

**The options.** The recipe says how the data was read: size, window, number of steps. Class names
are as you see them above.

Not guaranteed: this is no differential privacy. Where the law or an ethics board speaks of personal
data, have them decide on these figures.

## Whose weights

{licences}
"""
UNMEASURED = """\
Nobody has measured it for this run: `medsynth evaluate`, before it was given away, would have said
how many samples are copies and how well a membership attack does."""


def note(recipe: Recipe, classes: Sequence[LabelClass], facts: dict[str, Any]) -> str:
    """Return the text.

    Args:
        recipe: of the shared run.
        classes: the background first.
        facts: as they stand in run.json under "shared".
    """
    height, width = recipe.data.size_hw
    held = facts["held_back"]
    return TEXT.format(
        masks=facts["masks"],
        pairs=facts["learned_from"]["pairs"],
        groups=facts["learned_from"]["groups"],
        height=height,
        width=width,
        classes=", ".join(f"{each.id} {each.name}" for each in classes),
        measured=measured_words(facts["measured"]),
        likeness=likeness_words(facts["iou_with_real"]),
        held_back=f"{held} planned masks that were too like a real one were held back."
        if held
        else "None had to be held back for being too like a real one.",
        licences=licence_words(recipe),
    )


def likeness_words(iou: dict[str, float]) -> str:
    """Return how like real masks the masks are."""
    if not iou:
        return "There are none with foreground."
    return (
        "Centred and flipped so as to match best, the overlap (IoU) with the most similar real "
        f"mask has a median of {iou['median']}, stays below {iou['95 of 100']} for 95 of 100 and "
        f"below {max(iou.values())} for all."
    )


def measured_words(found: dict[str, Any] | None) -> str:
    """Return what evaluate has found about privacy."""
    if found is None:
        return UNMEASURED
    of = found["about"]
    lines = [
        f"Measured on {of['samples']} samples beside {of['held_out']} held-out real images:",
        "",
    ]
    copies = found["copies"]
    if copies:
        lines.append(
            f"- copies of a training image: {counted(copies['samples'], 'sample')}, "
            f"{counted(copies['held_out'], 'held-out image')};"
        )
    for name, near in found["near"].items():
        if near["rate"] is not None:
            usual = f"{1 - near['usual']:.0%} of held-out ones"
            shown = f"{near['rate']:.1%} of the samples, interval {shares(near['interval'])}"
            lines.append(f"- nearer to a training image (by {name}) than {usual}: {shown};")
    attack = found["membership"]
    lines.append(
        "- the membership attack by loss was not run."
        if attack is None
        else f"- membership attack by loss: AUC {attack['auc']}, interval "
        f"{interval(attack['interval'])} (0.5 is guessing, 1 tells every member), advantage "
        f"{attack['advantage']}. A stronger attack may do better."
    )
    return "\n".join(lines)


def interval(ends: Any) -> str:
    """Return an interval in words; too few groups have none."""
    return "not known" if ends is None else f"{ends[0]} to {ends[1]}"


def shares(ends: Any) -> str:
    """Return an interval of a rate in words.

    >>> shares([0.0, 0.1425])
    '0.0% to 14.2%'
    """
    return interval(None if ends is None else [f"{end:.1%}" for end in ends])


def licence_words(recipe: Recipe) -> str:
    """Return who has trained what, under which licence."""
    facts = model_facts(recipe, {})
    if "codec" in facts:
        return (
            f"Codec `{facts['codec']}`, encoder and decoder, is in here; licence of its weights: "
            f"{facts['codec_licence']}.\nWhoever gave the run to you says under which licence you "
            "have the network and the masks."
        )
    named = facts["base"] or "a folder of the giver's own"
    return (
        f"The base model ({named}; licence: {facts['base_licence']}) is not in here: get it where "
        "it comes from, and name it with `--set model.stable_diffusion.base=PATH`. It is checked "
        "to be the right one. What was trained on top of it is in here, and its licence may bind "
        "you too."
    )
