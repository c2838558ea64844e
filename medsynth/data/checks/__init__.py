"""What doctor looks for beyond what building an index must know: one check a file.

Every check is a pure function from the index and the facts to problems.
"""
