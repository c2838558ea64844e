"""Stable Diffusion under the Siamese step: its parts, read by diffusers' own loaders."""
