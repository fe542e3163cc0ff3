"""How good a network is: accuracy, calibration, and reports about them."""
