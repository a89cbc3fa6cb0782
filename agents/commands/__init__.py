"""The commands of `passline`, grouped by who uses them; each is a thin call into the house."""
