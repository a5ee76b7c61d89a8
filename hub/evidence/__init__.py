"""Evidence 凭证: taken in from registries, kept sealed, put aside with a reason when unusable, opened for a case."""
