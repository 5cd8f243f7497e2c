"""Store: runs, their metrics and the queue, in SQLite, with their files beside it.

Every change moves ``version`` by one, and marks the run with it: who watches asks for what has
changed since the version he has seen. Several processes may use one store at once.
"""

from peft_demo.storage.challenges import Challenges
from peft_demo.storage.classrooms import Classrooms
from peft_demo.storage.datasets import Datasets
from peft_demo.storage.derived import Derived
from peft_demo.storage.evaluations import Evaluations
from peft_demo.storage.liveness import Liveness
from peft_demo.storage.people import People
from peft_demo.storage.searches import Searches


class Store(Searches, Challenges, Classrooms, Datasets, Derived, Evaluations, Liveness, People):
    """The runs in one folder, and the reference runs that came with the program.

    Opening never fails: a folder that cannot be used is reported by ``problem`` and by every
    write, while the reference runs stay readable.
    """
