"""The hub: what is said, who allowed it, and when it goes."""
