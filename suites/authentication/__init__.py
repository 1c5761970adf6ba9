"""Checks of remote authentication: who a user is, and what the authenticator says."""
