"""A model file over a whole file of records: the same keys, levels, rules and weights as at intake, set at a time."""
