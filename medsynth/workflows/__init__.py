"""One package or file a verb: typed config in, frozen result out; wires the layers together.

What a verb alone needs lies in its package, beside the file that has its name; what several need
lies here.
"""
