"""Checkpoints in the layout of CompVis' latent-diffusion code ("LDM"), which the paper uses.

One file holds every network in one flat state dict: `model.diffusion_model.` (U-Net),
`control_model.` (ControlNet), `first_stage_model.` (VAE), `cond_stage_model.` (text encoder).
Here are the two-way maps between its names and those of diffusers and transformers.

    checkpoint.py        a file to a flat state dict
    *_config.py          networks' configs, told from tensors' shapes
    *_names.py           which tensor is which, one network a file, derived from its config
    tensor_pairs.py      what the maps are made of
    parts.py             the state dict to a dict a network, and back
    schedule_buffers.py  what else LDM's own loader wants to find

"LDM name" always includes the network's prefix; "own name" is that in the network's state dict.
"""
