"""augment by parts: shards, and how they become one set again."""
