"""The speed of everything, as ratios to something known, measured in one run."""
