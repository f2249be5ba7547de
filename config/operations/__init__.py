"""What it takes to run the product: a folder for each part, with a README."""
