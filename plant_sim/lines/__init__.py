"""The plants."""
