"""The ledger room: a plan, its run, the finished file and what is written down about it."""
