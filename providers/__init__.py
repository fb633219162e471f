"""The services Greenlight works with, a module each, behind the small protocols of `language`, `video`, `speech`."""
