"""Association negotiation, release and abort (PS3.8)."""
