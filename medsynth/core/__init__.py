"""What every layer may use: errors, registry, seeds, options and the shared types.

Imports the standard library, numpy and (for typed options) pydantic, nothing else.
"""
