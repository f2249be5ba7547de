"""Back up the database with its WAL and the documents, sealed, and restore them to a moment."""
