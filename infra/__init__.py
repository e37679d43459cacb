"""Declares Rialto's environments with Pulumi; trains nothing."""
