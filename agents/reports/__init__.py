"""What is told afterwards: facts first, then their words, English and Korean."""
