"""The load laboratory: Locust users, schedules, clocks and the ledger of what was acknowledged."""
