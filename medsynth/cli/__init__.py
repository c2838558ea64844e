"""The command line: one file a verb. Parse, call one workflow, render; nothing else.

Importing any of it imports neither torch nor diffusers.
"""
