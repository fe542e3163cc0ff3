"""Supervised training: settings, the loop, checkpoints, several processes."""
