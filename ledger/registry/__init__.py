"""What the public reads of the registry, and what it knows of other registries."""
