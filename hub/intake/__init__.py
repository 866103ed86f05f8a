"""How a directive comes in: today a file; every way ends in the same sheet of facts, or in faults with their place."""
