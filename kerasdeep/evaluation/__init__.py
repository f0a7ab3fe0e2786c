"""How good predictions are: metrics, baselines, intervals, calibration and mistakes, from arrays alone."""
