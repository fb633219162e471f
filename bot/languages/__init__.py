"""The words of other languages, one file each, and the tools that keep those files in step with the code."""
