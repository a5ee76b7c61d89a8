"""The decisions about cases 办件: what need not be brought, by when it is decided, what was asked in vain."""
