"""The services Greenlight works with, one module each, behind the small protocols of `language`, `video` and `speech`."""
