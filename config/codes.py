"""How permanent names are written: of projects, batches and markets, in addresses of pages, of the API and of streams."""

CODE = "[A-Za-z0-9-]{1,40}"
"""A regular expression: letters, digits and hyphens."""
