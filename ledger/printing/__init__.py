"""Documents that leave the screen: what they have in common."""
