"""The version of Stepwedge, and the names under which it shows itself on the wire."""

VERSION = "0.1.0"

# A UID of our own needs no registry: 2.25 and a UUID (PS3.5 B.2).
IMPLEMENTATION_CLASS_UID = "2.25.128393485730204850231459082734059827345"
IMPLEMENTATION_VERSION_NAME = "STEPWEDGE_0.1"
