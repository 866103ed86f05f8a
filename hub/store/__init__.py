"""Where things are kept: all SQL of the hub, and nothing but SQL. One module of functions per noun."""
