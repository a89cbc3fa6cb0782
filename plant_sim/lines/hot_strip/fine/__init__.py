"""The finishing mill in milliseconds: gaps, drives, tension, loopers, strip between the stands."""
