"""Pure formulas, one topic a file, each with its source, validity and units."""
