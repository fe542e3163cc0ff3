"""Positions that several tests look at."""

from gopolicy.go.board import Board

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


def board_with(*moves: str, size: int = 9) -> Board:
    """Return a board after moves."""
    board = Board(size)
    for move in moves:
        board.play(move)
    return board
