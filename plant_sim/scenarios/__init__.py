"""What is ordered and what can go wrong."""
