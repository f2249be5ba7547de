"""Public pages from a standby, never older than what their reader has written. See README.md."""
