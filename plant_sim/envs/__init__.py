"""Gymnasium environments on the line, single and native vector form."""
