"""Store and forward: what the edge has acknowledged arrives at the PACS, once."""
