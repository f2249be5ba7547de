"""What it takes to run the product for real, a folder a part."""
