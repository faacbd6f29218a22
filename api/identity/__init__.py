"""Who somebody is, where others say so, and signing in here."""
