"""What keeps persons out of the warehouse and the archive: keys, keyed hashes, encryption."""
