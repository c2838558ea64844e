"""The published checkpoint's ControlNet, written out from the specification.

Nothing here is computed from medsynth's or diffusers' names: numbers and words are those of
`control_model.*` at Stable Diffusion v1.5's size (channels 320, 640, 1280, 1280; two residual
blocks a level; prompts of 768; time embedding of 1280).
"""

from __future__ import annotations

Shapes = dict[str, tuple[int, ...]]

STEPS = {1: (320, 320), 2: (320, 320), 4: (320, 640), 5: (640, 640), 7: (640, 1280)} | {
    8: (1280, 1280),
    10: (1280, 1280),
    11: (1280, 1280),
}
"""Input blocks with a residual block: channels in and out."""
WITH_TRANSFORMER = (1, 2, 4, 5, 7, 8)
DOWNSAMPLING = {3: 320, 6: 640, 9: 1280}
ZERO_CONVS = (320, 320, 320, 320, 640, 640, 640, 1280, 1280, 1280, 1280, 1280)
HINT_CONVS = {
    "initial_conv": (3, 16),
    "layer1.conv1": (16, 16),
    "layer1.conv2": (16, 16),
    "conv_before_res2": (16, 32),
    "layer2.conv1": (32, 32),
    "layer2.conv2": (32, 32),
    "conv_before_res3": (64, 64),
    "layer3.conv1": (64, 64),
    "layer3.conv2": (64, 64),
    "conv_before_res4": (128, 128),
    "layer4.conv1": (128, 128),
    "layer4.conv2": (128, 128),
    "conv_before_res5": (256, 256),
    "layer5.conv1": (256, 256),
    "layer5.conv2": (256, 256),
}
PATCH_MERGES = {"patch_merge1": 32, "patch_merge2": 64, "patch_merge3": 128}


def with_bias(name: str, *shape: int) -> Shapes:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def residual_block(name: str, inputs: int, outputs: int) -> Shapes:
    found = with_bias(f"{name}.in_layers.0", inputs)
    found |= with_bias(f"{name}.in_layers.2", outputs, inputs, 3, 3)
    found |= with_bias(f"{name}.emb_layers.1", outputs, 1280)
    found |= with_bias(f"{name}.out_layers.0", outputs)
    found |= with_bias(f"{name}.out_layers.3", outputs, outputs, 3, 3)
    if inputs != outputs:
        found |= with_bias(f"{name}.skip_connection", outputs, inputs, 1, 1)
    return found


def transformer(name: str, c: int) -> Shapes:
    block = f"{name}.transformer_blocks.0"
    found = with_bias(f"{name}.norm", c)
    for projection in ("proj_in", "proj_out"):
        found |= with_bias(f"{name}.{projection}", c, c, 1, 1)
    for norm in ("norm1", "norm2", "norm3"):
        found |= with_bias(f"{block}.{norm}", c)
    for attention, inputs in (("attn1", c), ("attn2", 768)):
        found[f"{block}.{attention}.to_q.weight"] = (c, c)
        found[f"{block}.{attention}.to_k.weight"] = (c, inputs)
        found[f"{block}.{attention}.to_v.weight"] = (c, inputs)
        found |= with_bias(f"{block}.{attention}.to_out.0", c, c)
    found |= with_bias(f"{block}.ff.net.0.proj", 8 * c, c)
    return found | with_bias(f"{block}.ff.net.2", c, 4 * c)


def encoder_half() -> Shapes:
    """What the ControlNet and the U-Net both have."""
    found = with_bias("time_embed.0", 1280, 320) | with_bias("time_embed.2", 1280, 1280)
    found |= with_bias("input_blocks.0.0", 320, 4, 3, 3)
    for n, (inputs, outputs) in STEPS.items():
        found |= residual_block(f"input_blocks.{n}.0", inputs, outputs)
        if n in WITH_TRANSFORMER:
            found |= transformer(f"input_blocks.{n}.1", outputs)
    for n, c in DOWNSAMPLING.items():
        found |= with_bias(f"input_blocks.{n}.0.op", c, c, 3, 3)
    found |= residual_block("middle_block.0", 1280, 1280) | transformer("middle_block.1", 1280)
    return found | residual_block("middle_block.2", 1280, 1280)


def hint() -> Shapes:
    found: Shapes = {}
    for name, (inputs, outputs) in HINT_CONVS.items():
        found |= with_bias(f"input_hint_block.0.{name}", outputs, inputs, 3, 3)
    for name, c in PATCH_MERGES.items():
        found |= with_bias(f"input_hint_block.0.{name}.norm", 4 * c)
        found |= with_bias(f"input_hint_block.0.{name}.reduction", 2 * c, 4 * c)
    return found | with_bias("input_hint_block.1", 320, 256, 3, 3)


def control_model() -> Shapes:
    """Every tensor of the published ControlNet."""
    found = encoder_half() | hint()
    for k, c in enumerate(ZERO_CONVS):
        found |= with_bias(f"zero_convs.{k}.0", c, c, 1, 1)
    found |= with_bias("middle_block_out.0", 1280, 1280, 1, 1)
    return {f"control_model.{name}": shape for name, shape in found.items()}
