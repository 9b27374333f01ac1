"""What outlives a process: the temporary folder, which Lambda keeps when it resets an environment."""

from edgerun.functions.spawner import Spawner
from edgerun.values import value


@value
class Remains:
    """A reset environment without its process; the next process in it runs INIT inside an invocation.

    Attributes:
        spawner: started the process.
        key: names it there.
        failed_init: the process ended by a failed INIT that is to be repeated for the same invocation.
    """

    spawner: Spawner
    key: int
    failed_init: bool = False

    def hand_over(self, spawner: Spawner, key: int) -> None:
        """Give the folder's content to the process that follows."""
        if spawner is self.spawner:
            spawner.hand_over(self.key, key)
        else:
            self.forget()

    def forget(self) -> None:
        """Remove the folder."""
        self.spawner.forget(self.key)
