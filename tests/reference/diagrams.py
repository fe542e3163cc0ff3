"""Positions that several tests look at."""

EYE_OF_THREE = """
    . . . X O . .
    X X X X O . O
    O O O O O O .
    . O . O . . O
    O O O O O O .
    . O . O . . .
    O O O O O . .
"""
"""B7, the middle of Black's only eye, kills Black or makes two eyes."""
