"""The domain API: answers about users and items in front of Triton, with a fallback instead of an error."""
