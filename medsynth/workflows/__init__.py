"""One file a verb: typed config in, frozen result out; wires the layers together."""
