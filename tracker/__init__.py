"""The database and the domain: schema, commit, read models, and the private PostgreSQL."""
