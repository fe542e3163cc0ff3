"""Networks, the layers they share, and the folders that hold trained weights."""
