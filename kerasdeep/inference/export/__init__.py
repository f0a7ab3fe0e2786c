"""A run's model for use elsewhere, with its preprocessing inside, and the proof that it answers the same."""
