"""Labelled pictures from files: digits in IDX files and packages, folders of pictures, sounds."""
