"""What the key pool is measured by: `python -m benchmarks.pool`, one module for each question.

Where waiting is involved, time is virtual: an hour passes in a second, and the same seed takes the same turn. The
provider is a server that counts for itself (`servers`); peers stand beside the pool where they do the same job.
"""
