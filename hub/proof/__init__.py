"""What can be checked without trusting anyone: strict messages, evidence, trees, notes, sealing."""
