"""The tests run from the source tree, too, whether or not the plugin is installed."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "src"))
