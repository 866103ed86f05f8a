"""A directive's facts: by key, with their scope, printed per language, and traced where they are printed."""
