"""perturb: new masks alone, on disk, with a contact sheet."""
