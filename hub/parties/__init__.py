"""Parties 参与方: departments, consumers, auditors and witnesses, with their keys through the keys' whole life."""
