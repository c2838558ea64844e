"""What numbers networks compute in."""

from typing import Literal

Precision = Literal["fp32", "bf16", "fp16"]
