"""Files of other registries' projects and credits, read line by line."""
