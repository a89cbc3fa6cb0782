"""The plant's own automation, on its own model, and the operator's rule table."""
