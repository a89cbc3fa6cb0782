"""How physics runs fast: numbers, lanes, random numbers, compilation. No steel in here."""
