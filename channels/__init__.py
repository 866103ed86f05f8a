"""How a message leaves the house, and what comes back."""
