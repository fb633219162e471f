"""Files under DATA_DIR and in an object store."""
