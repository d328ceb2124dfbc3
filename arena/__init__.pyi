from arena.api import Board as Board
from arena.api import rate as rate
from arena.api import run as run
from arena.stages.run_task import run_task as run_task

__version__: str
