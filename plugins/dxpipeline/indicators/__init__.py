"""The plan as data, the models that compute its indicators, and where each value stands."""
