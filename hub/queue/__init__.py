"""The ledger's hot path: who may send what next, and what came of it, durably and in bulk."""
