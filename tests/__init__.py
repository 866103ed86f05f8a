"""Proofs; the tree mirrors the packages."""
