"""Freezes what the reference implementations say of the arrays of `arrays.py`.

    python3 -m venv /work/venvs/reference
    /work/venvs/reference/bin/pip install torch==2.14.1 torchvision==0.29.1 \\
        torch-fidelity==0.4.0 prdc==0.2 lpips==0.1.4 clean-fid==0.1.35
    OMP_NUM_THREADS=1 /work/venvs/reference/bin/python tests/quality/reference/compute.py

Writes `values.json` beside itself, with the versions. It runs in an environment of its own
because the references need torchvision; the suite reads the JSON alone. No weights are fetched:
the networks get the values that `arrays.weights` makes of their tensors' names. CMMD has no
package: its few lines are those of github.com/google-research/google-research/tree/master/cmmd.
"""

import json
import tempfile
from importlib.metadata import version
from pathlib import Path

import arrays
import lpips
import numpy as np
import torch
from cleanfid.fid import frechet_distance as clean_frechet
from cleanfid.fid import kernel_distance as clean_kernel
from prdc import compute_prdc
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kernel_mmd
from torch_fidelity.metric_prc import prc_features_to_metric

PACKAGES = ("torch", "torchvision", "torch-fidelity", "prdc", "lpips", "clean-fid", "numpy")
NEIGHBOURS = (3, 5)
KERNEL = {
    "kid_kernel": "poly",
    "kid_kernel_poly_degree": 3,
    "kid_kernel_poly_gamma": None,
    "kid_kernel_poly_coef0": 1,
}


def distances(real, made):
    """Return FID, KID, CMMD and what neighbours tell, of features."""
    statistics = [fid_features_to_statistics(torch.from_numpy(x)) for x in (real, made)]
    fid = fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]
    moments = [(x.mean(0), np.cov(x, rowvar=False)) for x in (real, made)]
    equal = min(len(real), len(made))
    return {
        "fid": fid,
        "fid of clean-fid": float(clean_frechet(*moments[0], *moments[1])),
        "kid of equally many": float(kernel_mmd(real[:equal], made[:equal], **KERNEL)),
        "kid of clean-fid, one subset": float(
            clean_kernel(real[:equal], made[:equal], num_subsets=1, max_subset_size=equal)
        ),
        "cmmd": cmmd(real, made),
        **{f"prdc {k}": compute_prdc(real, made, k) for k in NEIGHBOURS},
        **{f"precision and recall {k}": precision_recall(real, made, k) for k in NEIGHBOURS},
    }


def precision_recall(real, made, k):
    found = prc_features_to_metric(
        torch.from_numpy(made),
        torch.from_numpy(real),
        prc_neighborhood=k,
        prc_batch_size=1000,
        save_cpu_ram=False,
        verbose=False,
    )
    return [found["precision"], found["recall"]]


def cmmd(x, y, sigma=10, scale=1000):
    """As in google-research/cmmd/distance.py, on features of unit length as its embeddings are."""
    x, y = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (x, y))
    x_sqnorms, y_sqnorms = np.diag(x @ x.T), np.diag(y @ y.T)
    gamma = 1 / (2 * sigma**2)
    k_xx = np.mean(np.exp(-gamma * (-2 * x @ x.T + x_sqnorms[:, None] + x_sqnorms[None])))
    k_xy = np.mean(np.exp(-gamma * (-2 * x @ y.T + x_sqnorms[:, None] + y_sqnorms[None])))
    k_yy = np.mean(np.exp(-gamma * (-2 * y @ y.T + y_sqnorms[:, None] + y_sqnorms[None])))
    return float(scale * (k_xx + k_yy - 2 * k_xy))


def perceptual(net):
    """Return LPIPS of pairs whose network's maps, and whose channels' weights, are given."""
    layers = arrays.maps(net)
    metric = lpips.LPIPS(pretrained=False, pnet_rand=True, net=net, verbose=False)
    for linear, (*_, weights) in zip(metric.lins, layers, strict=True):
        linear.model[-1].weight.data = torch.from_numpy(weights).view(1, -1, 1, 1)
    metric.net = Given([[torch.from_numpy(layer[k]) for layer in layers] for k in range(2)])
    image = torch.zeros(2, 3, 8, 8)
    with torch.no_grad():
        return metric(image, image).flatten().tolist()


class Given(torch.nn.Module):
    """A network whose maps are known beforehand, one list a call."""

    def __init__(self, calls):
        super().__init__()
        self.calls = iter(calls)

    def forward(self, _):
        return next(self.calls)


class Unloaded(FeatureExtractorInceptionV3):
    """The reference network before its weights."""

    def load_state_dict(self, _):
        pass


def inception():
    """Return a few of the 2048 features of the images, with weights made of names."""
    with tempfile.NamedTemporaryFile(suffix=".pth") as empty:
        torch.save({}, empty.name)
        network = Unloaded("reference", ["2048"], feature_extractor_weights_path=empty.name)
    for name, values in network.state_dict().items():
        if values.dtype == torch.float32:
            values.copy_(torch.from_numpy(arrays.weights(name, tuple(values.shape))))
    images = torch.from_numpy(arrays.images()).permute(0, 3, 1, 2)
    with torch.no_grad():
        (found,) = network(images)
    return found[:, ::64].tolist()


def main():
    values = {
        "arrays": arrays.fingerprint(),
        "versions": {name: version(name) for name in PACKAGES},
        "distances": {name: distances(*arrays.features(name)) for name in arrays.SETS},
        "lpips": {net: perceptual(net) for net in arrays.LPIPS_CHANNELS},
        "inception": inception(),
    }
    path = Path(__file__).with_name("values.json")
    path.write_text(json.dumps(values, indent=1) + "\n")


if __name__ == "__main__":
    main()
