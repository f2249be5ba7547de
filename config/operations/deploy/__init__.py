"""Deployment: what must be so before the product serves anybody. The files themselves are in config/deploy."""
