"""A release that a test makes: it changes the table of orders as docs/upgrades.md says, step by step."""
