"""From words to candidates; who ranks them for a user is serving/gateway/question.py."""
