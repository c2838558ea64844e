"""prove: segmenters with and without synthetic data, compared on held-out pairs."""
