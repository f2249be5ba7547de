"""Django's backend for PostgreSQL, which looks whether a kept connection is still good without asking the server."""
