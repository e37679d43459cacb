"""Prepares data, trains, evaluates and exports the recommender; knows nothing of clouds."""
