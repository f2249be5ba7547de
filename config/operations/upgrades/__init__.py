"""Change the schema and the programs while the market trades."""
