"""Branches and whole episodes, in lanes and in parallel, and their store."""
