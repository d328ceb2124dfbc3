"""`python -m arena`."""

from arena.start import main

main()
