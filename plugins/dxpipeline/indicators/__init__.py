"""The models that compute the indicators, and where each value stands."""
