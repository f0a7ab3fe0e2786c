"""From which figures on a layer is sick, for `diagnose` and for the report; no libraries.

The signs are those of Glorot and Bengio (2010). The thresholds lie between what healthy and sick networks of 2 to
50 layers measured, on pictures, tables and noise.
"""

VANISHING_RATIO, EXPLODING_RATIO = 1e-3, 1e3
"""First over last hidden kernel's gradient; a healthy net of any depth has 0.2 to 30."""
EXPLODING_ACTIVATIONS, COLLAPSED_ACTIVATIONS = 100.0, 1e-2
"""Activations over the input's size, and the last hidden layer's typical row over the first one's."""
DEAD_SHARE, SATURATED_SHARE = 0.8, 0.4
"""Shares of one layer; deep ReLU nets have up to half of their units off on any one data set."""
