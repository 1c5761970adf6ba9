"""An edge before a PACS: its ingestion ports, and requests routed through it."""
