"""augment: masks that want an image, engines that make it, and the samples kept."""
