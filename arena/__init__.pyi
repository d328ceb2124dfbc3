from arena.api import Board as Board
from arena.api import rate as rate
from arena.api import run as run

__version__: str
