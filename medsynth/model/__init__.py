"""Networks, codecs, noise schedules and objectives, as modules and pure functions of tensors.

Axis order everywhere in torch code: images and latents are (B, C, H, W).
"""
