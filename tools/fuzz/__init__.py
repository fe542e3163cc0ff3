"""Random damage to everything that gopolicy reads, to find what it does not expect."""
