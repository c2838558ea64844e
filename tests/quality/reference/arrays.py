"""Small seeded arrays, the same in both environments: numpy alone makes them.

Features of odd spread and unequal sizes; images; weights of networks by the names of their
tensors, so that two implementations of one network can be given the same.
"""

import hashlib

import numpy as np

SETS = {
    "more images than features": (60, 45, 12, 0),
    "fewer images than features": (20, 14, 40, 1),
    "far apart": (30, 30, 6, 2),
}
"""name -> real images, made images, features, seed."""
LPIPS_CHANNELS = {"alex": (64, 192, 384, 256, 256), "vgg": (64, 128, 256, 512, 512)}


def features(name):
    """Return (N, D) and (M, D) float64: skewed, correlated, and not at the same place."""
    real, made, width, seed = SETS[name]
    rng = np.random.default_rng(seed)
    mix = rng.normal(size=(width, width)) / np.sqrt(width)
    a = np.exp(0.5 * rng.normal(size=(real, width))) @ mix
    b = np.exp(0.4 * rng.normal(size=(made, width))) @ mix + 0.1
    return a, b + (5 if name == "far apart" else 0)


def images():
    """Return (2, 40, 52, 3) uint8."""
    return np.random.default_rng(3).integers(0, 256, (2, 40, 52, 3), np.uint8)


def maps(net):
    """Return two images' maps of each layer, (2, C, h, w) float32, and the weights (C,)."""
    rng = np.random.default_rng(4)
    layers = []
    for k, channels in enumerate(LPIPS_CHANNELS[net]):
        shape = (2, channels, 9 - k, 7 - k)
        pair = [rng.gamma(1, 1, shape).astype(np.float32) for _ in range(2)]
        layers.append((*pair, rng.uniform(0, 0.1, channels).astype(np.float32)))
    return layers


def weights(name, shape):
    """Return the float32 values of a network's tensor, from its name and shape."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    rng = np.random.default_rng(seed)
    if name.endswith("running_var"):
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    if name.endswith("bn.weight"):
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    fan_in = max(1, int(np.prod(shape[1:])))
    scale = 0.1 if len(shape) < 2 else np.sqrt(2 / fan_in)
    return (scale * rng.normal(size=shape)).astype(np.float32)


def fingerprint():
    """Return a hash of the arrays: a numpy that draws others needs `compute.py` run again."""
    drawn = [*(x for name in SETS for x in features(name)), images()]
    drawn += [x for net in LPIPS_CHANNELS for layer in maps(net) for x in layer]
    digest = hashlib.sha256(weights("Conv2d_1a_3x3.conv.weight", (32, 3, 3, 3)).tobytes())
    for array in drawn:
        digest.update(np.round(array.astype(np.float64), 6).tobytes())
    return digest.hexdigest()
